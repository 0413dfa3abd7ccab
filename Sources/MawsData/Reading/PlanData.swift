import MawsHash
import MawsPlan

/// Every split a plan names, opened: how much there is, and whether two machines have the same.
public struct PlanData: Sendable {
    public struct Split: Sendable {
        public let name: String
        public let dataset: Dataset
        /// Samples that an evaluation reads: those that the plan does not exclude.
        public let sampleCount: Int
        /// Samples of a training stage's epoch: the same, with those of rare labels repeated.
        public let epochSampleCount: Int
        /// SHA-256 of each file beside the shards that decides what a sample is: vocabulary, exclusions, tokenizer.
        let files: [String]
    }

    /// In the order of the plan.
    public let splits: [Split]

    /// - Parameter root: folder that the plan's relative paths are relative to.
    public init(plan: Plan, root: String) throws {
        splits = try plan.data.map { split in
            let dataset = try Dataset(split, root: root)
            return Split(
                name: split.name, dataset: dataset,
                sampleCount: try SamplePositions.count(dataset, split: split, root: root, resamples: false),
                epochSampleCount: try SamplePositions.count(dataset, split: split, root: root, resamples: true),
                files: try [split.vocabulary, split.exclude, split.tokenizer].compactMap(\.self).map {
                    try InputFile.hash(Dataset.resolved($0, root: root))
                })
        }
    }

    /// Samples that a stage reads of a split: an epoch's if it trains; 0 when the plan has no split of this name.
    public func sampleCount(_ name: String, for stage: StagePlan) -> Int {
        guard let split = splits.first(where: { $0.name == name }) else { return 0 }
        return stage.kind.trains ? split.epochSampleCount : split.sampleCount
    }

    /// The fingerprint of every split: `train=<hex> test=<hex>+<hex>`. Equal where all samples have equal names and
    /// sizes and the files beside them, counted behind the `+`, equal contents.
    public var fingerprint: String {
        splits.map { split in
            let files =
                split.files.isEmpty ? "" : "+" + Hash.hexadecimal(of: Array(split.files.joined().utf8)).prefix(16)
            return "\(split.name)=\(split.dataset.fingerprint)\(files)"
        }.joined(separator: " ")
    }
}
