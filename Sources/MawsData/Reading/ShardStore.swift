import MawsBase
import MawsHash

/// The samples of one tar shard. Holds where they lie, not their bytes.
struct ShardStore: SampleStore {
    private let path: String
    private let samples: [SampleLocation]
    /// Empty where the shard has no index file.
    private let checksums: [SIMD4<UInt32>]
    let problems: [SkippedSample]
    private let file: @Sendable () throws -> any ByteSource
    let remote: RemoteFile?
    private let classes: PackedClasses.File?
    var classNames: [String]? { classes?.names }
    var classFile: String? { classes?.path }

    var count: Int { samples.count }

    /// Reads the index file, or scans the shard where there is none.
    /// - Parameters:
    ///   - digest: takes names and sizes of all samples.
    ///   - packed: knows the names of classes of shards on this machine.
    init(
        _ path: String, opener: DataOpener, openShards: OpenShards, digest: Hash, packed: PackedClasses
    ) throws {
        let index: ShardIndex
        if case .local(let resolved) = DataOpener.Place(path, root: opener.root) {
            self.path = resolved
            remote = nil
            file = { try openShards.file(resolved) }
            index = try Self.localIndex(resolved, openShards.file(resolved), digest)
            classes = try packed.file(ofShard: resolved)
        } else {
            let found = try RemoteIndex(path: path, opener: opener).open(digest: digest)
            self.path = path
            remote = found.file
            file = { found.file }
            index = found.index
            classes = nil
        }
        samples = index.samples
        checksums = index.checksums
        problems = index.problems
    }

    private static func localIndex(_ path: String, _ file: InputFile, _ digest: Hash) throws -> ShardIndex {
        guard let bytes = try? InputFile.contents("\(path).\(ShardIndexFile.ending)", limit: ShardIndexFile.sizeMax)
        else { return try ShardIndex(file, digest: digest) }
        guard let found = try ShardIndexFile.decode(bytes, path: path, size: file.size, digest: digest) else {
            throw DataError.file(
                path: "\(path).\(ShardIndexFile.ending)", problem: "is no whole index; run 'maws data index' again")
        }
        return found.index
    }

    func sample(_ index: Int, parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        let reader = SampleReader(
            file: try file(), location: samples[index], checksums: checksums.isEmpty ? nil : checksums[index])
        var sample = try reader.read(parts, required: required)
        if let classes, let number = sample.classIndex {
            guard classes.names.indices.contains(number) else {
                throw ContentProblem(
                    text: "its class is \(number), but \(classes.path) names \(classes.names.count) classes")
            }
            sample.className = classes.names[number]
        }
        return sample
    }

    func has(_ part: SamplePart, _ index: Int) -> Bool { samples[index].has(part) }

    /// Names are not kept in memory: the header is read again.
    func key(_ index: Int) throws -> String {
        var reader = TarReader(try file(), offset: samples[index].offset)
        guard case .success(let member) = try reader.next() else { return "" }
        return ShardIndex.split(member.name).key
    }

    /// What cannot be named by its header, which may be as unreachable as the rest, is named by its number.
    func place(_ index: Int, reason: String) -> SkippedSample {
        let isHere = remote?.missing(offset: samples[index].offset, count: 1).isEmpty ?? true
        let key = isHere ? (try? key(index)) ?? "" : ""
        return SkippedSample(
            shard: path, member: key.isEmpty ? "sample \(index)" : key, offset: samples[index].offset, reason: reason)
    }

    func fetches(_ indices: [Int]) -> [@Sendable () throws -> Void] {
        guard let remote else { return [] }
        let blocks = indices.flatMap { index in
            remote.missing(offset: samples[index].offset, count: Int(samples[index].end - samples[index].offset))
        }
        return Set(blocks).sorted().map { block in { try remote.prefetch(block) } }
    }
}
