/// Records of a comma-separated file (RFC 4180): fields may be quoted, quotes are doubled inside quotes, and a quoted
/// field may span lines. Empty lines are passed over.
struct CSVReader {
    struct Record {
        /// Where the record begins, from 1.
        var line: Int
        var fields: [String]
    }

    private let path: String
    private var bytes: ByteStream
    private var line = 1
    private var peeked: UInt8?

    /// Most bytes of a record.
    private static let recordSizeMax = 1 << 22

    init(path: String) throws {
        self.path = path
        bytes = try ByteStream(path: path)
    }

    /// Which share of the file has been read, 0...1.
    var share: Double { bytes.share }

    /// Nil at the end.
    mutating func next() throws -> Record? {
        while true {
            var record = Record(line: line, fields: [])
            var size = 0
            while true {
                let (field, end) = try field(&size, startLine: record.line)
                record.fields.append(String(decoding: field, as: UTF8.self))
                if end == .comma { continue }
                if record.line == 1 { record.fields[0] = record.fields[0].withoutByteOrderMark }
                if record.fields != [""] { return record }
                if end == .file { return nil }
                break
            }
        }
    }

    private enum End {
        case comma
        case line
        case file
    }

    private mutating func field(_ size: inout Int, startLine: Int) throws -> ([UInt8], End) {
        var field: [UInt8] = []
        var isQuoted = false
        while let byte = try nextByte() {
            size += 1
            guard size <= Self.recordSizeMax else {
                throw DataError.line(
                    file: path, line: startLine, problem: "the row is too long; a quote may be missing")
            }
            switch byte {
            case 34 where isQuoted:
                if try peek() == 34 {
                    _ = try nextByte()
                    field.append(34)
                } else {
                    isQuoted = false
                }
            case 34 where field.isEmpty: isQuoted = true
            case 44 where !isQuoted: return (field, .comma)
            case 10 where !isQuoted: return (field.last == 13 ? field.dropLast() : field, .line)
            default:
                field.append(byte)
                if peeked == nil {
                    let before = field.count
                    bytes.appendPlain(to: &field)
                    size += field.count - before
                }
            }
        }
        guard !isQuoted else {
            throw DataError.line(file: path, line: startLine, problem: "a quote is never closed")
        }
        return (field, .file)
    }

    private mutating func nextByte() throws -> UInt8? {
        let byte = try peeked ?? bytes.next()
        peeked = nil
        if byte == 10 { line += 1 }
        return byte
    }

    private mutating func peek() throws -> UInt8? {
        if peeked == nil { peeked = try bytes.next() }
        return peeked
    }
}

extension String {
    var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(String.UnicodeScalarView(unicodeScalars.dropFirst())) : self
    }
}
