/// Reads one JSON document; see `JSONValue`.
struct JSONParser {
    /// Arrays and objects within each other; far more than data have.
    private static let depthMax = 256

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) throws(JSONFault) {
        self.bytes = bytes
        let start = bytes.prefix(2)
        guard start != [0xFE, 0xFF], start != [0xFF, 0xFE], !start.contains(0) else {
            throw JSONFault(problem: "it is not UTF-8 text but UTF-16 or UTF-32")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func document() throws(JSONFault) -> JSONValue {
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw fault("something follows the document") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
        skipBlanks()
        guard depth < Self.depthMax else {
            throw fault("more than \(Self.depthMax) arrays and objects within each other")
        }
        switch byte ?? 0 {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: return try word()
        }
    }

    private mutating func object(depth: Int) throws(JSONFault) -> JSONValue {
        var members: [JSONValue.Member] = []
        position += 1
        if takes("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard byte == UInt8(ascii: "\"") else { throw fault("expected a key in double quotes") }
            let key = try string()
            guard takes(":") else { throw fault("expected a colon") }
            members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
        } while takes(",")
        guard takes("}") else { throw fault("expected a comma or }") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONFault) -> JSONValue {
        var values: [JSONValue] = []
        position += 1
        if takes("]") { return .array(values) }
        repeat { values.append(try value(depth: depth + 1)) } while takes(",")
        guard takes("]") else { throw fault("expected a comma or ]") }
        return .array(values)
    }

    private mutating func word() throws(JSONFault) -> JSONValue {
        let words: [(text: StaticString, value: JSONValue)] = [
            ("null", .null), ("true", .bool(true)), ("false", .bool(false)), ("NaN", .number("NaN")),
            ("Infinity", .number("Infinity")),
        ]
        for word in words where takesWord(word.text) { return word.value }
        throw fault(position == bytes.count ? "the text ends where a value belongs" : "expected a value")
    }

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = position
        if byte == UInt8(ascii: "-") {
            position += 1
            if takesWord("Infinity") { return .number("-Infinity") }
        }
        let first = byte
        let digits = skipDigits()
        guard digits == 1 || digits > 1 && first != UInt8(ascii: "0") else {
            throw fault("a number is not written as JSON's are")
        }
        if byte == UInt8(ascii: ".") {
            position += 1
            guard skipDigits() > 0 else { throw fault("a number lacks the digits behind its point") }
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            position += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw fault("a number lacks the digits of its exponent") }
        }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws(JSONFault) -> String {
        position += 1
        let start = position
        while let byte, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 { position += 1 }
        if byte == UInt8(ascii: "\"") {
            position += 1
            return try text(bytes[start..<position - 1], from: start)
        }
        var content = Array(bytes[start..<position])
        while let byte, byte != UInt8(ascii: "\"") {
            guard byte >= 32 else { throw fault("a control character stands in a string") }
            if byte == UInt8(ascii: "\\") {
                content += Array(String(try escaped()).utf8)
            } else {
                content.append(byte)
                position += 1
            }
        }
        guard takesWord("\"") else { throw fault("a string is never closed") }
        return try text(content[...], from: start)
    }

    private func text(_ content: ArraySlice<UInt8>, from start: Int) throws(JSONFault) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw JSONFault(problem: "the string at byte \(start) is not UTF-8 text")
        }
        return text
    }

    /// What a backslash and what follows it stand for.
    private mutating func escaped() throws(JSONFault) -> Unicode.Scalar {
        position += 1
        guard let byte else { throw fault("a string is never closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"): return try escapedUnit()
        default: throw fault("a string holds an unknown escape")
        }
    }

    private mutating func escapedUnit() throws(JSONFault) -> Unicode.Scalar {
        let unit = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if unit < 0xDC00, takesWord("\\u") {
            let low = try hexadecimalUnit()
            if (0xDC00..<0xE000).contains(low),
                let pair = Unicode.Scalar((unit - 0xD800) << 10 + low - 0xDC00 + 0x10000)
            {
                return pair
            }
        }
        throw fault("a string holds half of a surrogate pair")
    }

    private mutating func hexadecimalUnit() throws(JSONFault) -> UInt32 {
        let digits = bytes[position..<min(position + 4, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw fault("expected four hexadecimal digits") }
        position += 4
        return unit
    }

    /// Nil at the end.
    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    /// Skips blanks and this sign, if it is there.
    private mutating func takes(_ sign: StaticString) -> Bool {
        skipBlanks()
        return takesWord(sign)
    }

    private mutating func takesWord(_ word: StaticString) -> Bool {
        let isThere = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if isThere { position += word.utf8CodeUnitCount }
        return isThere
    }

    private func fault(_ problem: String) -> JSONFault { JSONFault(problem: "\(problem) at byte \(position)") }
}
