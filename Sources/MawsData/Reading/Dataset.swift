import MawsHash
import MawsPlan

/// The samples of one split, in the order of its shards. Thread-safe; holds where samples lie, not their bytes.
public final class Dataset: Sendable {
    public let name: String
    public let count: Int
    /// SHA-256 in hex over the names and sizes of all samples in order.
    public let fingerprint: String
    private let shards: OpenShards
    private let samples: [SampleLocation]
    /// First sample of each shard, then `count`.
    private let starts: [Int]

    /// Scans the headers of all shards.
    /// - Parameter root: folder that relative shard paths are relative to.
    public init(_ split: DataSplitPlan, root: String) throws {
        name = split.name
        shards = OpenShards(paths: split.shards.map { Self.resolved($0, root: root) })
        let digest = Hash()
        var samples: [SampleLocation] = []
        var starts = [0]
        for shard in shards.paths.indices {
            samples += try ShardIndex(shards.file(shard), digest: digest).samples
            starts.append(samples.count)
        }
        guard !samples.isEmpty else {
            throw DataError.file(path: shards.paths.first ?? "Split '\(split.name)'", problem: "holds no samples")
        }
        self.samples = samples
        self.starts = starts
        count = samples.count
        fingerprint = digest.hexadecimal()
    }

    /// The sample with everything that belongs to it.
    public func sample(_ index: Int) throws -> Sample {
        var sample = try sample(index, parts: Set(SamplePart.allCases))
        sample.name = try memberKey(index)
        return sample
    }

    /// The caption alone; nil where the sample has none.
    public func caption(_ index: Int) throws -> String? { try sample(index, parts: [.caption]).caption }

    /// Reads the named parts only, and not the name. Content that cannot be used throws `DataError.sample`; a disk that
    /// fails throws `DataError.system`, which is never a reason to skip a sample.
    func sample(_ index: Int, parts: Set<SamplePart>) throws -> Sample {
        precondition(samples.indices.contains(index))
        do {
            return try SampleReader(file: shards.file(shard(of: index)), location: samples[index]).read(parts)
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
        return try reader.next().map { ShardIndex.split($0.name).key } ?? ""
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
