import MawsBase
import MawsData
import MawsDataFiles
import MawsHash
import MawsPlan

/// `maws data split`: puts every sample of some shards into one of two new sets of shards, drawn from a seed and the
/// sample's number alone. What lies beside an image goes with it as it is, byte for byte.
package struct ShardSplitter {
    private let shards: [String]
    private let target: PackTarget
    private let names: (rest: String, share: String)
    private let share: Double
    private let seed: UInt64
    private let skipsBadSamples: Bool

    /// - Parameters:
    ///   - share: of the samples that go into the second set, 0...1.
    ///   - names: endings of the two sets' names, `train` and `test` for instance.
    ///   - skipsBadSamples: leaves out what cannot be read, in place of stopping there.
    package init(
        shards: [String], target: PackTarget, names: (rest: String, share: String), share: Double, seed: UInt64,
        skipsBadSamples: Bool = false
    ) {
        self.shards = shards
        self.target = target
        self.names = names
        self.share = share
        self.seed = seed
        self.skipsBadSamples = skipsBadSamples
    }

    package func split() throws -> PackResult {
        try target.check()
        let plan = DataSplitPlan(name: "shards", shards: shards, vocabulary: nil, tokenizer: nil, skipLimit: 1)
        let dataset = try Dataset(plan, root: "")
        let classes = dataset.classes.names
        try dataset.checkClassesAreAlike()
        if !skipsBadSamples, let problem = dataset.problems.first { throw refusal(of: problem) }
        let named = classes.map { ", classes \($0)" } ?? ""
        let source =
            "split of \(dataset.fingerprint)\(named), sidecars kept, \(share) to \(names.share), seed \(seed), "
            + "shards of \(target.shardSize)"
        if !target.isForced,
            let there = PackManifest.complete(folder: target.output, prefix: target.prefix, source: source)
        {
            return counted(PackResult(manifest: there, wasThere: true))
        }
        let folder = try PackFolder(target.sparing(ReadFiles(shards: shards)), source: source, sets: sets)
        let written = try write(dataset, to: folder)
        if let classes {
            try folder.write(classes.map { $0 + "\n" }.joined(), name: target.prefix + "-classes.txt")
        }
        var result = try folder.publish(written.account)
        result.problems = written.problems
        return counted(result)
    }

    /// Writes the shards of both sets. Returns what became of the samples, and those that cannot be read.
    private func write(_ dataset: Dataset, to folder: PackFolder) throws -> (account: SampleAccount, problems: [String])
    {
        let writers = sets.map { ShardSetWriter(folder: folder, prefix: $0, shardSize: target.shardSize) }
        var problems = dataset.problems.map(\.description)
        var account = dataset.account
        var sides: [Int: [Int]] = [:]
        for index in 0..<dataset.count {
            do {
                let sample = try dataset.packed(index)
                let side = side(of: index)
                try writers[side].append(sample, label: label(dataset.key(index)))
                if let number = sample.classIndex { sides[number, default: [0, 0]][side] += 1 }
            } catch let error as DataError {
                let sample = try unreadable(error, dataset, index)
                guard skipsBadSamples else { throw refusal(of: sample) }
                problems.append(sample.description)
                account.leaveOut(sample)
            }
        }
        for writer in writers {
            try writer.finish()
            account.merge(writer.account)
        }
        noteLonely(sides, dataset.classes, in: &account)
        return (account, problems)
    }

    /// The sample that an error is about; throws the error where it is about more.
    private func unreadable(_ error: DataError, _ dataset: Dataset, _ index: Int) throws -> SkippedSample {
        switch error {
        case .image(let problem): return dataset.place(index, reason: "the image \(problem)")
        case .sample(let sample): return sample
        default: throw error
        }
    }

    /// Why nothing is split where a sample cannot be read.
    private func refusal(of sample: SkippedSample) -> DataError {
        .output(
            path: target.output,
            problem: "a sample cannot be read, and would be in neither set (\(sample)); mend it, or leave such samples "
                + "out with --skip-bad, 'maws data verify' counts them")
    }

    /// Beginnings of the shards' names: the rest, the share.
    private var sets: [String] { [names.rest, names.share].map { "\(target.prefix)-\($0)" } }

    /// The result with the samples of both sets, and a warning where one has none.
    private func counted(_ result: PackResult) -> PackResult {
        var result = result
        let counts = sets.map { set in
            result.manifest.files.filter { $0.name.hasPrefix(set + "-") }.reduce(0) { $0 + $1.samples }
        }
        result.notes.append(zip(sets, counts).map { "\($0): \($1) samples" }.joined(separator: ", "))
        for (set, count) in zip(sets, counts) where count == 0 {
            result.warnings.append(
                "\(set) got none of the \(counts[0] + counts[1]) samples, so that it has no shard and no plan can read "
                    + "it; take another share or --seed, or more samples")
        }
        return result
    }

    /// Sides are drawn whatever a sample's class is, so that a small class may end up on one of them alone.
    /// - Parameter sides: by class, how many samples are on each side.
    private func noteLonely(_ sides: [Int: [Int]], _ classes: ClassNumbers, in account: inout SampleAccount) {
        for (number, counts) in sides.sorted(by: { $0.key < $1.key }) where counts.contains(0) {
            account.add(
                .incomplete, "of a class that the other set lacks",
                example: classes.name(of: number), count: counts[0] + counts[1])
        }
    }

    /// 0: the rest; 1: the share.
    private func side(of index: Int) -> Int {
        var random = CounterRandom(seed: seed, purpose: .split, element: UInt64(index))
        return random.uniformDouble() < share ? 1 : 0
    }

    private func label(_ name: String) -> String {
        String(name[(name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex)...]).withoutExtension
    }
}
