import Foundation

/// A record as one line of a `.jsonl` file. Losses that are not finite travel as `"nan"`, `"inf"` and `"-inf"`.
package enum JSONLine {
    /// Without the newline, keys in alphabetical order.
    package static func encode(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    }

    /// What earlier versions called `mfu`.
    private static let formerName = Data("\"utilisation\"".utf8)

    private static func today(_ path: [any CodingKey]) -> any CodingKey {
        let key = path[path.count - 1]
        return key.stringValue == "utilisation" ? FieldName(stringValue: "mfu") : key
    }

    private struct FieldName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package static func decode<Record: Decodable>(_ type: Record.Type, from line: some DataProtocol) throws -> Record {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        let line = Data(line)
        if line.range(of: formerName) != nil { decoder.keyDecodingStrategy = .custom(today) }
        return try decoder.decode(type, from: line)
    }
}

/// The records of a `.jsonl` file, and the lines that are not records: a machine that died mid-write tears its last
/// line, which is the end of the file or, after a resume, somewhere inside it.
package struct JSONLines<Record: Decodable> {
    package var records: [Record] = []
    /// From 1.
    package var damagedLines: [Int] = []

    package init(_ contents: Data) {
        for (index, line) in contents.split(separator: UInt8(ascii: "\n")).enumerated() {
            if let record = try? JSONLine.decode(Record.self, from: line) {
                records.append(record)
            } else {
                damagedLines.append(index + 1)
            }
        }
    }
}
