import MawsDataFiles
import MawsHash
import MawsPlan

/// Every split a plan names, opened: how much there is, and whether two machines have the same.
package struct PlanData: Sendable {
    package struct Split: Sendable {
        package let name: String
        package let dataset: Dataset
        /// Samples that an evaluation reads: those that the plan does not exclude.
        package let sampleCount: Int
        /// Samples of a training stage's epoch: the same, with those of rare labels repeated.
        package let epochSampleCount: Int
        /// SHA-256 of each file beside the shards that decides what a sample is: vocabulary, exclusions, tokenizer.
        let files: [String]
    }

    /// In the order of the plan.
    package let splits: [Split]
    /// The numbers of classes in all splits.
    package let classes: PlanClasses
    /// SHA-256 of each file that stages make prompts of.
    private let prompts: [String]

    /// - Parameter root: folder that the plan's relative paths are relative to.
    package init(plan: Plan, root: String) throws {
        let faults = DataAccess.faults()
        guard faults.isEmpty else { throw PlanDataFaults(sentences: faults) }
        do {
            try self.init(plan: plan, root: root, opened: plan.data.map { try Dataset($0, root: root) })
        } catch let fault as FieldFault {
            // A trainer tells what goes away by itself by the error itself.
            throw fault.cause
        }
    }

    /// - Parameter opened: the splits, in the order of the plan.
    /// - Throws: `FieldFault` where the fault is of one field.
    init(plan: Plan, root: String, opened: [Dataset]) throws {
        let classes = try PlanClasses(plan: plan, root: root, opened: opened)
        let evaluated = PlanClasses.splits(plan)
        self.classes = classes
        splits = try zip(plan.data, opened).map { split, dataset in
            let names = evaluated.contains(split.name) ? dataset.classFiles : []
            let count = try Self.count(dataset, split, root: root)
            return Split(
                name: split.name, dataset: Dataset(dataset, classes: classes.numbers), sampleCount: count.all,
                epochSampleCount: count.epoch,
                files: try Self.files(split, root: root) + names.map(InputFile.hash))
        }
        for stage in plan.stages where stage.learnsCaptions {
            guard let split = plan.split(stage.on), let found = splits.first(where: { $0.name == stage.on }) else {
                continue
            }
            try FieldFault.at(split.sourceField) {
                try CaptionSurvey.check(stage, split: split, dataset: found.dataset, root: root)
            }
        }
        prompts = try plan.stages.flatMap { try Self.prompts($0, root: root) }
    }

    /// Samples that the plan does not exclude, and those of a training stage's epoch.
    static func count(_ dataset: Dataset, _ split: DataSplitPlan, root: String) throws -> (all: Int, epoch: Int) {
        let all = try FieldFault.at(split.field("exclude")) {
            try SamplePositions.count(dataset, split: split, root: root, resamples: false)
        }
        let epoch = try FieldFault.at(split.field("resample")) {
            try SamplePositions.count(dataset, split: split, root: root, resamples: true)
        }
        return (all, epoch)
    }

    /// Hashes of the files beside the shards, the vocabulary's labels being read for what is wrong with them.
    private static func files(_ split: DataSplitPlan, root: String) throws -> [String] {
        if let vocabulary = split.vocabulary {
            _ = try FieldFault.at(split.field("vocabulary")) {
                try LabelVocabulary(
                    path: PathText.resolved(vocabulary, root: root), sampleCountMin: split.labelCountMin)
            }
        }
        let files = [("vocabulary", split.vocabulary), ("exclude", split.exclude), ("tokenizer", split.tokenizer)]
        return try files.compactMap { name, path in
            try path.map { path in
                try FieldFault.at(split.field(name)) { try InputFile.hash(PathText.resolved(path, root: root)) }
            }
        }
    }

    /// What is wrong with these files, as with vocabularies, is said before a run starts, not when its last stage does.
    static func prompts(_ stage: StagePlan, root: String) throws -> [String] {
        let files =
            [
                ("templates", stage.needs.templates, { _ = try SplitFiles.templates(path: $0) }),
                ("classes", stage.needs.classNames, { _ = try SplitFiles.classes(path: $0) }),
            ] as [(name: String, path: String?, read: (String) throws -> Void)]
        return try files.compactMap { file in
            try file.path.map { path in
                let path = PathText.resolved(path, root: root)
                return try FieldFault.at(stage.field(file.name)) {
                    try file.read(path)
                    return try InputFile.hash(path)
                }
            }
        }
    }

    /// What is to be said of how the splits are read, which columns of a list for instance; a sentence each.
    package var notes: [String] { splits.flatMap(\.dataset.notes) }

    /// Samples that a stage reads of a split: an epoch's if it trains; 0 when the plan has no split of this name.
    package func sampleCount(_ name: String, for stage: StagePlan) -> Int {
        guard let split = splits.first(where: { $0.name == name }) else { return 0 }
        return stage.trains ? split.epochSampleCount : split.sampleCount
    }

    /// The fingerprint of every split and of the prompts: `train=<hex> test=<hex>+<hex> prompts+<hex>`. Equal where all
    /// samples have equal names and sizes and the files behind a `+` equal contents.
    package var fingerprint: String {
        let parts = splits.map { "\($0.name)=\($0.dataset.fingerprint)" + Self.suffix($0.files) }
        return (parts + (prompts.isEmpty ? [] : ["prompts" + Self.suffix(prompts)])).joined(separator: " ")
    }

    private static func suffix(_ files: [String]) -> String {
        files.isEmpty ? "" : "+" + Hash.hexadecimal(of: Array(files.joined().utf8)).prefix(16)
    }
}
