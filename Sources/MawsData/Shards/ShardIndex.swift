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
        case "png", "jpg", "jpeg": self = .image
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
    private var distances = SIMD4<UInt32>()
    private var sizes = SIMD4<UInt32>()

    init(offset: UInt64) { self.offset = offset }

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

    /// - Parameter digest: takes each sample's key and the sizes of its members.
    init(_ file: InputFile, digest: Hash) throws {
        var reader = TarReader(file)
        var key = ""
        var current: SampleLocation?
        var summary = ""
        while let member = try reader.next() {
            let (memberKey, fileExtension) = Self.split(member.name)
            guard let part = SamplePart(fileExtension: fileExtension) else { continue }
            if memberKey != key || current == nil {
                if let current { samples.append(current) }
                current = SampleLocation(offset: member.headerOffset)
                key = memberKey
                summary += "\n\(key)\0"
            }
            try add(part, of: member, key: key, to: &current!, path: file.path)
            summary += "\(part.rawValue):\(member.size),"
            if summary.utf8.count > 1 << 16 {
                digest.update(summary)
                summary = ""
            }
        }
        if let current { samples.append(current) }
        digest.update(summary)
    }

    private func add(
        _ part: SamplePart, of member: TarReader.Member, key: String, to sample: inout SampleLocation, path: String
    ) throws {
        do throws(TarProblem) {
            if sample.has(part) { throw .duplicate(member: key, part: part.name) }
            try sample.set(part, dataOffset: member.dataOffset, size: member.size)
        } catch {
            throw DataError.shard(path: path, offset: member.headerOffset, problem: error.description)
        }
    }

    /// Key and extension of a member's name: `a.b/c.seg.png` is `a.b/c` and `seg.png`.
    static func split(_ name: String) -> (key: String, fileExtension: Substring) {
        let bytes = name.utf8
        let base = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes.index(after: $0) } ?? bytes.startIndex
        guard let dot = bytes[base...].firstIndex(of: UInt8(ascii: ".")) else { return (name, "") }
        return (String(name[..<dot]), name[bytes.index(after: dot)...])
    }
}
