import MawsBase

/// A JSON document as Python's `json` reads and writes it: RFC 8259, and `NaN`, `Infinity` and `-Infinity`.
enum JSONValue: Hashable, Sendable {
    struct Member: Hashable, Sendable {
        var key: String
        var value: JSONValue
    }

    case null
    case bool(Bool)
    /// As it is written, whatever its size.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// In order; of equal keys the last one counts.
    case object([Member])

    /// Parses a whole document; UTF-8, with a byte order mark or without.
    init(_ bytes: [UInt8]) throws(JSONFault) {
        var parser = try JSONParser(bytes)
        self = try parser.document()
    }

    /// Nil for what is no object, and where it lacks the key.
    subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// What pandas and Python write for a value that is not there.
    var isMissing: Bool { self == .null || self == .number("NaN") }

    /// What it is, without its particulars, for counts.
    var plainKind: String {
        switch self {
        case .bool: "true or false"
        case .number: "a number"
        default: kind
        }
    }

    /// What it is, with its article, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): "the number \(text.prefix(20))"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The document again, without blanks.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): text
        case .string(let text): JSONText.quoted(text)
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\(JSONText.quoted($0.key)):\($0.value.text)" }.joined(separator: ",") + "}"
        }
    }
}

/// Why bytes are no JSON document.
struct JSONFault: Error, Hashable {
    /// Continues a sentence: "expected a value at byte 12".
    var problem: String
}
