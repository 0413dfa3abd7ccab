import MawsDataFiles

/// One 512-byte header of a tar file: ustar (POSIX.1-1988) with the GNU and pax (POSIX.1-2001) extensions told apart.
struct TarHeader {
    static let blockSize = 512

    enum Kind {
        case file
        /// A folder, or what counts as one: a volume's label, a list of a folder's names.
        case folder
        /// GNU long name: the data is the name of the next entry.
        case longName
        /// pax records for the next entry.
        case extended
        /// Entries that carry nothing for a shard: global pax records, GNU long link names.
        case ignored
        case link
        /// A file with holes, as GNU's tar writes it with `-S`; further headers follow where `hasMore`.
        case sparse(hasMore: Bool)
        case other(UInt8)
    }

    var name: ByteName
    var size: UInt64
    var kind: Kind

    /// - Parameter block: 512 bytes. Throws a `TarProblem` when they are no header.
    init(block: ArraySlice<UInt8>) throws(TarProblem) {
        let block = Array(block)
        guard Self.checksumHolds(block) else { throw .checksum }
        guard let size = Self.number(block[124..<136]) else { throw .size }
        self.size = size
        name = Self.name(block[0..<100])
        if block[257..<262].elementsEqual("ustar".utf8), block[262] == 0 {
            let prefix = Self.name(block[345..<500])
            if !prefix.bytes.isEmpty { name = prefix / name }
        }
        kind = Self.kind(block)
        // Before ustar a folder was a file whose name ends with a slash.
        if block[156] == 0, name.bytes.last == UInt8(ascii: "/") { kind = .folder }
    }

    /// Whether a block says that it is a header of POSIX's or GNU's kind.
    static func isUstar(_ block: ArraySlice<UInt8>) -> Bool {
        block.dropFirst(257).starts(with: "ustar".utf8)
    }

    /// Whether yet another block of a sparse file's map follows this one.
    static func hasMoreSparse(_ block: ArraySlice<UInt8>) -> Bool { block[block.startIndex + 504] != 0 }

    private static func kind(_ block: [UInt8]) -> Kind {
        switch block[156] {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
        case UInt8(ascii: "5"), UInt8(ascii: "V"), UInt8(ascii: "D"): .folder
        case UInt8(ascii: "L"): .longName
        case UInt8(ascii: "x"), UInt8(ascii: "X"): .extended
        case UInt8(ascii: "g"), UInt8(ascii: "K"): .ignored
        case UInt8(ascii: "1"), UInt8(ascii: "2"): .link
        case UInt8(ascii: "S"): .sparse(hasMore: block[482] != 0)
        default: .other(block[156])
        }
    }

    /// The sum of all bytes with the checksum field read as blanks. Old programs took bytes for signed numbers.
    private static func checksumHolds(_ block: [UInt8]) -> Bool {
        var (sum, signedSum) = (8 * 32, 8 * 32)
        for index in 0..<blockSize where index < 148 || index >= 156 {
            sum += Int(block[index])
            signedSum += Int(Int8(bitPattern: block[index]))
        }
        guard let expected = number(block[148..<156]).flatMap({ Int(exactly: $0) }) else { return false }
        return expected == sum || expected == signedSum
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

    /// What is before the first zero.
    static func name(_ field: ArraySlice<UInt8>) -> ByteName { ByteName(field.prefix { $0 != 0 }) }
}
