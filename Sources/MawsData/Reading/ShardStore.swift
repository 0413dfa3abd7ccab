import Glibc
import MawsBase
import MawsDataFiles
import MawsHash

/// The samples of one tar shard. Holds where they lie, not their bytes.
struct ShardStore: SampleStore {
    private let path: String
    private let samples: [SampleLocation]
    /// Empty where the shard has no index file.
    private let checksums: [SIMD4<UInt32>]
    private let dotted: Set<Int>
    let problems: [SkippedSample]
    let account: SampleAccount
    let notes: [String] = []
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
        dotted = index.dotted
        problems = index.problems
        account = index.account
    }

    private static func localIndex(_ path: String, _ file: InputFile, _ digest: Hash) throws -> ShardIndex {
        let indexPath = "\(path).\(ShardIndexFile.ending)"
        guard let bytes = try? InputFile.contents(indexPath, limit: ShardIndexFile.sizeMax) else {
            return try ShardIndex(file, digest: digest)
        }
        guard let found = try ShardIndexFile.decode(bytes, path: path, size: file.size, digest: digest) else {
            throw DataError.file(
                path: indexPath, problem: "is no whole index; run 'maws data index' again")
        }
        if isOlder(indexPath, than: path) { try compare(bytes, with: file, path) }
        return found.index
    }

    /// Throws where the shard's headers say other than its index file.
    private static func compare(_ bytes: [UInt8], with file: InputFile, _ path: String) throws {
        let (scanned, indexed) = (Hash(), Hash())
        let there = try ShardIndex(file, digest: scanned).samples
        let index = try ShardIndexFile.decode(bytes, path: path, size: file.size, digest: indexed)?.index
        guard there == index?.samples, scanned.hexadecimal() == indexed.hexadecimal() else {
            throw DataError.shard(
                path: path, offset: 0, problem: "it has changed since it was indexed; run 'maws data index' again")
        }
    }

    /// A shard that is newer than its index may be another one, and may be the same one copied later.
    private static func isOlder(_ index: String, than path: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(index, &first) == 0, stat(path, &second) == 0 else { return false }
        return (first.st_mtim.tv_sec, first.st_mtim.tv_nsec) < (second.st_mtim.tv_sec, second.st_mtim.tv_nsec)
    }

    func sample(_ index: Int, parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        var sample = try reader(index).read(parts, required: required)
        if let classes, let number = sample.classIndex {
            guard classes.names.indices.contains(number) else {
                throw ContentProblem(
                    text: "its class is \(number), but \(classes.path) names \(classes.names.count) classes")
            }
            sample.className = classes.names[number]
        }
        return sample
    }

    /// A sidecar on another machine is taken for one with a caption rather than fetched.
    func captionPlace(_ index: Int) -> CaptionPlace {
        if samples[index].has(.caption) { return .known }
        guard samples[index].has(.hashtags) else { return .nowhere }
        return remote == nil ? .sidecar : .known
    }

    private func reader(_ index: Int) throws -> SampleReader {
        SampleReader(
            file: try file(), location: samples[index], checksums: checksums.isEmpty ? nil : checksums[index])
    }

    /// Members that samples do not use are found by reading the sample's headers again.
    func packed(_ index: Int) throws -> PackedSample {
        let (reader, location) = (try reader(index), samples[index])
        var sample = try reader.packed()
        var headers = TarReader(try file(), offset: location.offset)
        var (short, start): (ByteName?, [UInt8]) = (nil, [])
        while case .success(let member) = try headers.next() {
            let key = MemberName.shortKey(member.name)
            if short == nil {
                short = key
                start = MemberName.key(member.name, isDotted: dotted.contains(index)).bytes + [UInt8(ascii: ".")]
            }
            guard key == short else { break }
            guard member.name.bytes.starts(with: start), !location.isPart(at: member.dataOffset) else { continue }
            let ending = ByteName.text(member.name.bytes[start.count...])
            sample.append(PackedSample.Member(ending: ending, bytes: try reader.bytes(of: member)))
        }
        return sample
    }

    func has(_ part: SamplePart, _ index: Int) -> Bool { samples[index].has(part) }

    /// Names are not kept in memory: the header is read again.
    func key(_ index: Int) throws -> String {
        var reader = TarReader(try file(), offset: samples[index].offset)
        guard case .success(let member) = try reader.next() else { return "" }
        return "\(MemberName.key(member.name, isDotted: dotted.contains(index)))"
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
        let pages = indices.flatMap { index in
            remote.missing(offset: samples[index].offset, count: Int(samples[index].end - samples[index].offset))
        }
        return Set(pages).sorted().map { page in { try remote.prefetch(page) } }
    }
}
