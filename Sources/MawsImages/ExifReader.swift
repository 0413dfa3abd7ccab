/// The orientation in EXIF data: a TIFF structure, `II*\0` or `MM\0*`, the offset of its first directory, which has
/// entries of 12 bytes. What is malformed counts as absent, for the pixels are good without it.
///
/// Read as Pillow reads it: any type of number will do, of several numbers the first counts, and of several entries the
/// first that can be read.
enum ExifReader {
    private static let orientationTag = 0x0112

    /// What the entry says, whatever it may mean; nil where there is none.
    static func orientation(_ data: ArraySlice<UInt8>) -> Double? {
        var tiff = data
        for _ in 0..<2 where tiff.starts(with: name) { tiff = tiff.dropFirst(name.count) }
        guard let byteOrder = ByteOrder(tiff) else { return nil }
        let fields = BinaryFields(Array(tiff), isLittle: byteOrder == .little)
        guard let directory = fields.number(at: 4, size: 4), let count = fields.number(at: directory, size: 2) else {
            return nil
        }
        for index in 0..<count {
            let entry = directory + 2 + 12 * index
            guard let tag = fields.number(at: entry, size: 2) else { return nil }
            if tag == orientationTag, let value = value(fields, entry) { return value }
        }
        return nil
    }

    /// What EXIF data begins with in a JPEG file, and often elsewhere.
    static let name = Array("Exif\0\0".utf8)

    private enum ByteOrder {
        case little
        case big

        init?(_ tiff: ArraySlice<UInt8>) {
            let head = Array(tiff.prefix(4))
            guard head.count == 4, [[42, 0], [0, 42]].contains(Array(head[2...])) else { return nil }
            switch Array(head[..<2]) {
            case Array("II".utf8): self = .little
            case Array("MM".utf8): self = .big
            default: return nil
            }
        }
    }

    /// The first number of an entry, which lies in the entry where all its numbers fit into 4 bytes.
    private static func value(_ fields: BinaryFields, _ entry: Int) -> Double? {
        guard let code = fields.number(at: entry + 2, size: 2), let type = NumberType(rawValue: code),
            let count = fields.number(at: entry + 4, size: 4), count > 0, count < 1 << 24
        else { return nil }
        let size = type.size * count
        guard let place = size <= 4 ? entry + 8 : fields.number(at: entry + 8, size: 4), fields.has(place, size) else {
            return nil
        }
        return type.value(fields, at: place)
    }
}

/// Types of TIFF's numbers, by their codes. Bytes and texts are none.
private enum NumberType: Int {
    case short = 3
    case long = 4
    case rational = 5
    case signedShort = 8
    case signedLong = 9
    case signedRational = 10
    case float = 11
    case double = 12
    case directory = 13
    case long8 = 16

    var size: Int {
        switch self {
        case .short, .signedShort: 2
        case .long, .signedLong, .float, .directory: 4
        case .rational, .signedRational, .double, .long8: 8
        }
    }

    func value(_ fields: BinaryFields, at place: Int) -> Double? {
        guard let bits = fields.number(at: place, size: size == 8 ? 4 : size) else { return nil }
        switch self {
        case .short, .long, .directory: return Double(bits)
        case .signedShort: return Double(Int16(truncatingIfNeeded: bits))
        case .signedLong: return Double(Int32(truncatingIfNeeded: bits))
        case .float: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .rational, .signedRational:
            guard let below = fields.number(at: place + 4, size: 4), below != 0 else { return nil }
            guard self == .signedRational else { return Double(bits) / Double(below) }
            return Double(Int32(truncatingIfNeeded: bits)) / Double(Int32(truncatingIfNeeded: below))
        case .double: return fields.bits64(at: place).map { Double(bitPattern: $0) }
        case .long8: return fields.bits64(at: place).map { Double($0) }
        }
    }
}

/// Numbers at any place of some bytes; nil beyond their end.
struct BinaryFields {
    private let bytes: [UInt8]
    private let isLittle: Bool

    init(_ bytes: [UInt8], isLittle: Bool) {
        self.bytes = bytes
        self.isLittle = isLittle
    }

    func has(_ position: Int, _ count: Int) -> Bool {
        position >= 0 && count >= 0 && position <= bytes.count && count <= bytes.count - position
    }

    /// - Parameter size: in bytes, at most 4.
    func number(at position: Int, size: Int) -> Int? { bits(at: position, size: size).map { Int($0) } }

    func bits64(at position: Int) -> UInt64? { bits(at: position, size: 8) }

    /// `count` bytes from `position`.
    func slice(_ position: Int, _ count: Int) -> ArraySlice<UInt8>? {
        has(position, count) ? bytes[position..<position + count] : nil
    }

    private func bits(at position: Int, size: Int) -> UInt64? {
        guard let digits = slice(position, size) else { return nil }
        return isLittle
            ? digits.reversed().reduce(0) { $0 << 8 | UInt64($1) } : digits.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
