import MawsHash
import MawsPlan

/// The samples of one split, in the order of its shards. Thread-safe; holds where samples lie, not their bytes.
public final class Dataset: Sendable {
    public let name: String
    public let count: Int
    /// SHA-256 in hex over the names and sizes of all samples in order.
    public let fingerprint: String
    /// What the scan of the shards passed over: members and whole stretches that make no sense.
    public let problems: [SkippedSample]
    private let shards: OpenShards
    private let samples: [SampleLocation]
    /// First sample of each shard, then `count`.
    private let starts: [Int]

    /// Scans the headers of all shards. Throws when it has to pass over more than the split's limit allows.
    /// - Parameter root: folder that relative shard paths are relative to.
    public init(_ split: DataSplitPlan, root: String) throws {
        name = split.name
        shards = OpenShards(paths: split.shards.map { Self.resolved($0, root: root) })
        let digest = Hash()
        var samples: [SampleLocation] = []
        var starts = [0]
        var problems: [SkippedSample] = []
        for shard in shards.paths.indices {
            let index = try ShardIndex(shards.file(shard), digest: digest)
            samples += index.samples
            problems += index.problems
            starts.append(samples.count)
        }
        try Self.check(split, samples: samples.count, problems, root: root)
        self.problems = problems
        self.samples = samples
        self.starts = starts
        count = samples.count
        fingerprint = digest.hexadecimal()
    }

    private static func check(
        _ split: DataSplitPlan, samples: Int, _ problems: [SkippedSample], root: String
    ) throws {
        if samples == 0, let first = problems.first {
            throw DataError.shard(path: first.shard, offset: first.offset, problem: first.reason)
        }
        let allowed = SkipRecord.allowed(samples, split.skipLimit)
        guard problems.count <= allowed else {
            throw DataError.tooManySkipped(
                split: split.name, skipped: problems.count, allowed: allowed, samples: samples,
                list: Array(problems.prefix(SkipRecord.namedMax)))
        }
        guard samples > 0 else {
            throw DataError.file(
                path: split.shards.first.map { resolved($0, root: root) } ?? "Split '\(split.name)'",
                problem: "holds no samples")
        }
    }

    /// The sample with everything that belongs to it.
    public func sample(_ index: Int) throws -> Sample {
        var sample = try sample(index, parts: Set(SamplePart.allCases), required: [.image])
        sample.name = try memberKey(index)
        return sample
    }

    /// The caption alone; nil where the sample has none.
    public func caption(_ index: Int) throws -> String? { try sample(index, parts: [.caption], required: []).caption }

    /// Reads the named parts only, and not the name. Content that cannot be used throws `DataError.sample`; a disk that
    /// fails throws `DataError.system`, which is never a reason to skip a sample.
    func sample(_ index: Int, parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        precondition(samples.indices.contains(index))
        do {
            let file = try shards.file(shard(of: index))
            return try SampleReader(file: file, location: samples[index]).read(parts, required: required)
        } catch let problem as ContentProblem {
            throw DataError.sample(try place(index, reason: problem.text))
        }
    }

    /// Where a sample lies, for messages.
    func place(_ index: Int, reason: String) throws -> SkippedSample {
        SkippedSample(
            shard: shards.paths[shard(of: index)], member: try memberKey(index), offset: samples[index].offset,
            reason: reason)
    }

    /// Names are not kept in memory: the header is read again.
    private func memberKey(_ index: Int) throws -> String {
        var reader = TarReader(try shards.file(shard(of: index)), offset: samples[index].offset)
        guard case .success(let member) = try reader.next() else { return "" }
        return ShardIndex.split(member.name).key
    }

    /// A path of the plan, relative to `root` unless it is absolute.
    static func resolved(_ path: String, root: String) -> String {
        path.hasPrefix("/") || root.isEmpty ? path : root + "/" + path
    }

    private func shard(of index: Int) -> Int {
        var low = 0
        var high = starts.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= index { low = middle } else { high = middle }
        }
        return low
    }
}
