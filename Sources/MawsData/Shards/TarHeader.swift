/// One 512-byte header of a tar file: ustar (POSIX.1-1988) with the GNU and pax (POSIX.1-2001) extensions told apart.
struct TarHeader {
    static let blockSize = 512

    enum Kind {
        case file
        case folder
        /// GNU long name: the data is the name of the next entry.
        case longName
        /// pax records for the next entry.
        case extended
        /// Entries that carry nothing for a shard: global pax records, GNU long link names.
        case ignored
        case link
        case other(UInt8)
    }

    var name: String
    var size: UInt64
    var kind: Kind

    /// - Parameter block: 512 bytes. Throws a `TarProblem` when they are no header.
    init(block: ArraySlice<UInt8>) throws(TarProblem) {
        let block = Array(block)
        guard Self.checksumHolds(block) else { throw .checksum }
        guard let size = Self.number(block[124..<136]) else { throw .size }
        self.size = size
        name = Self.text(block[0..<100])
        if block[257..<262].elementsEqual("ustar".utf8), block[262] == 0 {
            let prefix = Self.text(block[345..<500])
            if !prefix.isEmpty { name = prefix + "/" + name }
        }
        kind = Self.kind(block[156])
    }

    /// Whether a block says that it is a header of POSIX's or GNU's kind.
    static func isUstar(_ block: ArraySlice<UInt8>) -> Bool {
        block.dropFirst(257).starts(with: "ustar".utf8)
    }

    private static func kind(_ flag: UInt8) -> Kind {
        switch flag {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
        case UInt8(ascii: "5"): .folder
        case UInt8(ascii: "L"): .longName
        case UInt8(ascii: "x"): .extended
        case UInt8(ascii: "g"), UInt8(ascii: "K"): .ignored
        case UInt8(ascii: "1"), UInt8(ascii: "2"): .link
        default: .other(flag)
        }
    }

    /// The sum of all bytes with the checksum field read as blanks.
    private static func checksumHolds(_ block: [UInt8]) -> Bool {
        var sum: UInt64 = 8 * 32
        for index in 0..<blockSize where index < 148 || index >= 156 { sum += UInt64(block[index]) }
        return number(block[148..<156]) == sum
    }

    /// Octal digits between blanks, or GNU's base 256 when the first bit is set. Nil for anything else.
    private static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 { return baseTwoFiveSix(field) }
        let digits = field.drop { $0 == 32 }.prefix { $0 != 32 && $0 != 0 }
        var value: UInt64 = 0
        for digit in digits {
            guard (48...55).contains(digit) else { return nil }
            value = value << 3 | UInt64(digit - 48)
        }
        return value
    }

    private static func baseTwoFiveSix(_ field: ArraySlice<UInt8>) -> UInt64? {
        var value = UInt64(field[field.startIndex] & 0x7F)
        for byte in field.dropFirst() {
            guard value < 1 << 55 else { return nil }
            value = value << 8 | UInt64(byte)
        }
        return value
    }

    static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// Why a tar file is unusable. Descriptions fit `DataError.shard`.
enum TarProblem: Error, CustomStringConvertible {
    case checksum
    case size
    case truncated(member: String, needed: UInt64, size: UInt64)
    case noEnd
    case earlyEnd
    case link(String)
    case kind(UInt8)
    case path(String)
    case longNameSize(UInt64)
    case extendedRecord
    case duplicate(member: String, part: String)
    case span(String)

    /// Whether it is unknown where the next header lies.
    var breaksTheChain: Bool {
        switch self {
        case .checksum, .size, .truncated, .longNameSize, .extendedRecord: true
        case .noEnd, .earlyEnd, .link, .kind, .path, .duplicate, .span: false
        }
    }

    var description: String {
        switch self {
        case .checksum: "there is no tar header where one should be; the file is damaged or no tar file"
        case .size: "a member's size is not a number"
        case .truncated(let member, let needed, let size):
            "member '\(member)' reaches to byte \(needed) but the file has \(size) bytes; copy it again"
        case .noEnd: "the file ends without an end-of-archive mark, so it is cut off; copy it again"
        case .earlyEnd: "the archive ends here, but members follow; the size of the one before is wrong"
        case .link(let member): "member '\(member)' is a link, which a shard may not hold"
        case .kind(let flag): "a member has the type \(flag), which a shard may not hold"
        case .path(let member): "member name '\(member)' is absolute, empty or climbs with '..'"
        case .longNameSize(let size): "a long name or pax record claims \(size) bytes"
        case .extendedRecord: "a pax record is malformed"
        case .duplicate(let member, let part): "sample '\(member)' has more than one \(part) member"
        case .span(let member): "the members of sample '\(member)' lie more than 4 GiB apart"
        }
    }
}
