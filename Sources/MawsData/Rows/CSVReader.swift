import MawsDataFiles

/// Records of a file of delimited values as pandas reads it (RFC 4180 and its relatives): fields may be quoted, quotes
/// are doubled inside quotes, a quoted field may span lines, lines end with LF, CRLF or CR. Empty ones are skipped.
struct CSVReader {
    struct Record {
        /// Where the record begins, from 1.
        var line: Int
        /// As their bytes; see `CSVReader.text`.
        var fields: [[UInt8]]
    }

    static let comma = UInt8(ascii: ",")
    static let tab = UInt8(ascii: "\t")
    static let semicolon = UInt8(ascii: ";")

    /// Whether blanks behind a delimiter are no part of the field, so that a quote may follow them.
    var passesOverBlanks = true
    /// Whether there were such blanks.
    private(set) var hadBlanks = false
    private let path: String
    private let delimiter: UInt8
    private var bytes: ByteStream
    private var line = 1
    private var peeked: UInt8?

    /// Most bytes of a record.
    private static let recordSizeMax = 1 << 22

    init(path: String, delimiter: UInt8) throws {
        self.path = path
        self.delimiter = delimiter
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
                let (field, end) = try field(&size, record: record)
                record.fields.append(field)
                if end == .delimiter { continue }
                if record.line == 1 { try removeByteOrderMark(&record.fields[0]) }
                let isEmpty = record.fields.count == 1 && record.fields[0].allSatisfy { $0 == 32 || $0 == 9 }
                if !isEmpty { return record }
                if end == .file { return nil }
                break
            }
        }
    }

    /// The text of a field; nil where it is not UTF-8.
    static func text(_ field: [UInt8]) -> String? { String(validating: field, as: UTF8.self) }

    /// What is wrong with a field that is not UTF-8 text: its first such byte, and what stands before it.
    static func problem(_ field: [UInt8]) -> String {
        var good = 0
        while good < field.count {
            let length = (1...4).first { String(validating: field[good...].prefix($0), as: UTF8.self)?.count != nil }
            guard let length, good + length <= field.count else { break }
            good += length
        }
        let before = String(String(decoding: field[..<good], as: UTF8.self).suffix(20))
        let byte = good < field.count ? hexadecimal(field[good]) : ""
        return "is not UTF-8 text: byte \(byte)\(before.isEmpty ? "" : " behind '\(before)'"); "
            + "save the list as UTF-8 (it may be Latin-1 or Windows-1252)"
    }

    private func removeByteOrderMark(_ field: inout [UInt8]) throws {
        if field.starts(with: [0xEF, 0xBB, 0xBF]) { field.removeFirst(3) }
        if field.starts(with: [0xFF, 0xFE]) || field.starts(with: [0xFE, 0xFF]) {
            throw DataError.line(file: path, line: 1, problem: "the list is UTF-16 text; save it as UTF-8")
        }
    }

    private enum End {
        case delimiter
        case line
        case file
    }

    private mutating func field(_ size: inout Int, record: Record) throws -> ([UInt8], End) {
        var field: [UInt8] = []
        var isQuoted = false
        while let byte = try nextByte() {
            size += 1
            guard size <= Self.recordSizeMax else {
                throw DataError.line(
                    file: path, line: record.line, problem: "the row is too long; a quote may be missing")
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
            case delimiter where !isQuoted: return (field, .delimiter)
            case 10 where !isQuoted: return (field, .line)
            case 13 where !isQuoted:
                if try peek() == 10 { _ = try nextByte() } else { line += 1 }
                return (field, .line)
            case 32 where !isQuoted && field.isEmpty && passesOverBlanks && !record.fields.isEmpty: hadBlanks = true
            default:
                field.append(byte)
                if peeked == nil {
                    let before = field.count
                    bytes.appendPlain(to: &field, delimiter: delimiter)
                    size += field.count - before
                }
            }
        }
        guard !isQuoted else {
            throw DataError.line(file: path, line: record.line, problem: "a quote is never closed")
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
