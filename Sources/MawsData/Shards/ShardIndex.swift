import MawsBase
import MawsHash

/// What a member of a sample is for.
enum SamplePart: Int, CaseIterable {
    case image
    case caption
    case hashtags
    case classIndex

    /// Nil for members that samples do not use.
    init?(fileExtension: Substring) {
        switch fileExtension.lowercased() {
        case "png", "jpg", "jpeg", "webp": self = .image
        case "txt": self = .caption
        case "json": self = .hashtags
        case "cls": self = .classIndex
        default: return nil
        }
    }

    /// Most bytes a member may have: checked before anything is allocated.
    var sizeMax: UInt32 {
        switch self {
        case .image: 1 << 28
        case .caption, .hashtags: 1 << 20
        case .classIndex: 64
        }
    }

    /// The endings of its members.
    var names: String { self == .image ? "jpg, jpeg, png or webp" : name }

    var name: String {
        switch self {
        case .image: "image"
        case .caption: ".txt"
        case .hashtags: ".json"
        case .classIndex: ".cls"
        }
    }
}

/// Where the members of one sample lie. 40 bytes a sample, so that ten million samples fit into 400 MB.
struct SampleLocation {
    /// The sample's first header.
    var offset: UInt64
    /// Data of each part, counted from `offset`; 0 where the sample lacks the part.
    private(set) var distances = SIMD4<UInt32>()
    private(set) var sizes = SIMD4<UInt32>()

    init(offset: UInt64) { self.offset = offset }

    init(offset: UInt64, distances: SIMD4<UInt32>, sizes: SIMD4<UInt32>) {
        self.offset = offset
        self.distances = distances
        self.sizes = sizes
    }

    /// End of the last part.
    var end: UInt64 {
        SamplePart.allCases.reduce(offset) { has($1) ? max($0, dataOffset($1) + UInt64(size($1))) : $0 }
    }

    func has(_ part: SamplePart) -> Bool { distances[part.rawValue] != 0 }
    func size(_ part: SamplePart) -> UInt32 { sizes[part.rawValue] }
    func dataOffset(_ part: SamplePart) -> UInt64 { offset + UInt64(distances[part.rawValue]) }

    mutating func set(_ part: SamplePart, dataOffset: UInt64, size: UInt64) throws(TarProblem) {
        guard let distance = UInt32(exactly: dataOffset - offset) else { throw .span("at byte \(offset)") }
        distances[part.rawValue] = distance
        sizes[part.rawValue] = UInt32(clamping: size)
    }
}

/// The samples of one shard, found by scanning its headers.
///
/// WebDataset's convention: members that follow one another and share a key, the name up to the first dot of the base
/// name, are one sample; the rest of the name says what the member is. A sample without an image counts as unreadable.
struct ShardIndex {
    private(set) var samples: [SampleLocation] = []
    /// CRC-32C of each sample's parts; empty where they are unknown.
    private(set) var checksums: [SIMD4<UInt32>] = []
    /// What was passed over: members that may not be, and stretches without a header where one should be.
    private(set) var problems: [SkippedSample] = []
    private var current: Open?

    /// Problems of one shard after which it is given up: it is no tar file of images, whatever it is.
    private static let problemsMax = 1000

    /// The sample that members are being added to.
    private struct Open {
        var key: String
        var location: SampleLocation
        var checksums = SIMD4<UInt32>()
        /// Sizes by part, for the digest.
        var summary: String
        /// A sample that makes no sense is passed over with all its members.
        var isRefused = false
    }

    /// - Parameters:
    ///   - digest: takes each sample's key and the sizes of its members.
    ///   - record: takes all that an index file holds, and makes the members be read for their checksums.
    init(_ file: any ByteSource, digest: Hash, record: ShardIndexRecorder? = nil) throws {
        var reader = TarReader(file)
        var summaries = ""
        while let result = try reader.next() {
            switch result {
            case .success(let member): try add(member, file: file, record, &summaries)
            case .failure(let damage):
                note(damage.member, at: damage.offset, "\(damage.problem)", path: file.path)
            }
            guard problems.count <= Self.problemsMax else {
                throw DataError.shard(
                    path: file.path, offset: reader.offset,
                    problem: "more than \(Self.problemsMax) members make no sense")
            }
            if summaries.utf8.count > 1 << 16 {
                digest.update(summaries)
                summaries = ""
            }
        }
        close(record, &summaries)
        digest.update(summaries)
        record?.add(problems)
    }

    /// What an index file says.
    init(samples: [SampleLocation], checksums: [SIMD4<UInt32>], problems: [SkippedSample]) {
        self.samples = samples
        self.checksums = checksums
        self.problems = problems
    }

    private mutating func add(
        _ member: TarReader.Member, file: any ByteSource, _ record: ShardIndexRecorder?, _ summaries: inout String
    ) throws {
        let (key, fileExtension) = Self.split(member.name)
        guard let part = SamplePart(fileExtension: fileExtension) else { return }
        if current?.key != key { close(record, &summaries) }
        var open =
            current ?? Open(key: key, location: SampleLocation(offset: member.headerOffset), summary: "\n\(key)\0")
        do throws(TarProblem) {
            if !open.isRefused {
                if open.location.has(part) { throw .duplicate(member: key, part: part.name) }
                try open.location.set(part, dataOffset: member.dataOffset, size: member.size)
                open.summary += Self.summary(part, size: member.size)
            }
        } catch {
            open.isRefused = true
            note(key, at: open.location.offset, "\(error)", path: file.path)
        }
        if record != nil, !open.isRefused {
            open.checksums[part.rawValue] = try Self.checksum(file, member)
        }
        current = open
    }

    /// Part of what the fingerprint is made of.
    static func summary(_ part: SamplePart, size: UInt64) -> String { "\(part.rawValue):\(size)," }

    private static func checksum(_ file: any ByteSource, _ member: TarReader.Member) throws -> UInt32 {
        var checksum = CRC32C()
        var offset = member.dataOffset
        while offset < member.dataOffset + member.size {
            let count = min(1 << 20, member.dataOffset + member.size - offset)
            let bytes = try file.read(offset: offset, count: Int(count))
            checksum.add(bytes.span.bytes)
            offset += count
        }
        return checksum.value
    }

    /// Ends the sample that members were added to.
    private mutating func close(_ record: ShardIndexRecorder?, _ summaries: inout String) {
        if let open = current, !open.isRefused {
            samples.append(open.location)
            if let record {
                checksums.append(open.checksums)
                record.add(open.location, open.checksums, key: open.key)
            }
            summaries += open.summary
        }
        current = nil
    }

    private mutating func note(_ member: String, at offset: UInt64, _ reason: String, path: String) {
        problems.append(SkippedSample(shard: path, member: member, offset: offset, reason: reason))
    }

    /// Key and extension of a member's name: `a.b/c.seg.png` is `a.b/c` and `seg.png`.
    static func split(_ name: String) -> (key: String, fileExtension: Substring) {
        let bytes = name.utf8
        let base = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes.index(after: $0) } ?? bytes.startIndex
        guard let dot = bytes[base...].firstIndex(of: UInt8(ascii: ".")) else { return (name, "") }
        return (String(name[..<dot]), name[bytes.index(after: dot)...])
    }
}
