import MawsDataFiles

/// Why a tar file, or a member of one, is unusable. Descriptions fit `DataError.shard`.
enum TarProblem: Error, CustomStringConvertible {
    case noBytes
    /// The first bytes are those of another kind of file.
    case noTar(ContentKind)
    case checksum
    case size
    case truncated(member: ByteName, needed: UInt64, size: UInt64)
    case cut
    case earlyEnd
    case link(ByteName)
    case sparse(ByteName)
    case kind(ByteName, UInt8)
    case path(ByteName)
    case longNameSize(UInt64)
    case extendedRecord
    case duplicate(member: ByteName, part: String)
    case span(String)

    /// Whether it is unknown where the next header lies.
    var breaksTheChain: Bool {
        switch self {
        case .checksum, .noTar, .size, .truncated, .longNameSize, .extendedRecord: true
        case .noBytes, .cut, .earlyEnd, .link, .sparse, .kind, .path, .duplicate, .span: false
        }
    }

    /// Whether the member is whole but may not be one of a sample, which is left out for it.
    var refusesTheMember: Bool {
        switch self {
        case .link, .sparse, .kind, .path: true
        default: false
        }
    }

    var description: String {
        switch self {
        case .noBytes: "the file has no bytes; copy it again"
        case .noTar(let kind): "it is no tar file but \(kind.name)\(kind.unpacking)"
        case .checksum: "there is no tar header where one should be; the file is damaged or no tar file"
        case .size: "a member's size is not a number"
        case .truncated(let member, let needed, let size):
            "member '\(member)' reaches to byte \(needed) but the file has \(size) bytes; copy it again"
        case .cut: "the file ends within a header, so it is cut off, or no tar file; copy it again"
        case .earlyEnd: "the archive ends here, but members follow; the size of the one before is wrong"
        case .link(let member):
            "member '\(member)' is a link, which a shard may not hold; write it with 'tar --hard-dereference -h'"
        case .sparse(let member):
            "member '\(member)' is stored with holes, which a shard may not hold; write it with tar without -S"
        case .kind(let member, let flag):
            "member '\(member)' is \(Self.name(ofKind: flag)), which a shard may not hold"
        case .path(let member): "member name '\(member)' is absolute, empty or climbs with '..'"
        case .longNameSize(let size): "a long name or pax record claims \(size) bytes"
        case .extendedRecord: "a pax record is malformed"
        case .duplicate(let member, let part): "sample '\(member)' has more than one \(part) member"
        case .span(let member): "the members of sample '\(member)' lie more than 4 GiB apart"
        }
    }

    private static func name(ofKind flag: UInt8) -> String {
        switch flag {
        case UInt8(ascii: "3"), UInt8(ascii: "4"): "a device"
        case UInt8(ascii: "6"): "a pipe"
        case UInt8(ascii: "M"): "the rest of a file from another volume"
        default: "of the type \(ByteName([flag]))"
        }
    }
}
