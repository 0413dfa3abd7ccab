internal import CZlib

/// A text chunk of a PNG file: `tEXt`, `zTXt` or `iTXt`.
struct PNGText {
    var keyword: String
    var value: [UInt8]

    /// Most bytes of a text, as Pillow limits them.
    private static let sizeMax = 1 << 20

    /// Nil for other chunks, for other keywords, and for what makes no sense.
    init?(name: ArraySlice<UInt8>, _ chunk: ArraySlice<UInt8>, keywords: Set<String>) {
        guard name.dropFirst().elementsEqual("EXt".utf8) || name.dropFirst().elementsEqual("TXt".utf8),
            let end = chunk.firstIndex(of: 0)
        else { return nil }
        keyword = String(decoding: chunk[..<end], as: UTF8.self)
        guard keywords.contains(keyword) else { return nil }
        let rest = chunk[(end + 1)...]
        switch name.first {
        case UInt8(ascii: "t"):
            value = Array(rest)
        case UInt8(ascii: "z"):
            guard rest.first == 0, let text = Self.inflated(rest.dropFirst()) else { return nil }
            value = text
        case UInt8(ascii: "i"):
            guard let text = Self.international(rest) else { return nil }
            value = text
        default: return nil
        }
    }

    /// Whether it is compressed, how, a language, a translated keyword, the text.
    private static func international(_ fields: ArraySlice<UInt8>) -> [UInt8]? {
        guard let isCompressed = fields.first, let method = fields.dropFirst().first,
            let language = fields.dropFirst(2).firstIndex(of: 0),
            let translation = fields[(language + 1)...].firstIndex(of: 0)
        else { return nil }
        let text = fields[(translation + 1)...]
        if isCompressed == 0 { return Array(text) }
        return method == 0 ? inflated(text) : nil
    }

    /// Bytes that ImageMagick writes as text: an empty line, a name, a length, then lines of hexadecimal digits.
    var rawProfile: [UInt8]? {
        let lines = value.split(separator: 10, omittingEmptySubsequences: false)
        var digits: [UInt8] = []
        for byte in lines.dropFirst(3).joined() where !Character(UnicodeScalar(byte)).isWhitespace {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
            digits.append(UInt8(digit))
        }
        guard digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// Nil where the bytes are no zlib stream, or hold more than a text may.
    private static func inflated(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var size = UInt(sizeMax)
        var text = [UInt8](repeating: 0, count: sizeMax)
        guard uncompress(&text, &size, Array(bytes), UInt(bytes.count)) == Z_OK else { return nil }
        return Array(text.prefix(Int(size)))
    }
}
