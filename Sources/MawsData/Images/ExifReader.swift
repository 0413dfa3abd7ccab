/// Finds the orientation in the EXIF data of a JPEG, PNG or WebP file. What is malformed counts as absent: the pixels
/// are good without it.
enum ExifReader {
    private static let orientationTag = 0x0112
    private static let entriesMax = 1000

    static func orientation(jpeg bytes: [UInt8]) -> Orientation {
        var position = 2
        while let marker = number(bytes, at: position, size: 2, isLittle: false), marker & 0xFF00 == 0xFF00,
            // Pixels begin, or the file ends.
            marker != 0xFFDA, marker != 0xFFD9
        {
            guard let length = number(bytes, at: position + 2, size: 2, isLittle: false), length >= 2 else { break }
            let start = position + 4
            if marker == 0xFFE1, let end = end(bytes, start, length - 2), hasName(bytes[start..<end]) {
                return orientation(tiff: bytes[(start + 6)..<end])
            }
            position += 2 + length
        }
        return .upright
    }

    static func orientation(png bytes: [UInt8]) -> Orientation {
        var position = 8
        while let length = number(bytes, at: position, size: 4, isLittle: false),
            let end = end(bytes, position + 8, length)
        {
            if bytes[(position + 4)..<(position + 8)].elementsEqual("eXIf".utf8) {
                return orientation(tiff: bytes[(position + 8)..<end])
            }
            position = end + 4
        }
        return .upright
    }

    static func orientation(webP bytes: [UInt8]) -> Orientation {
        var position = 12
        while let length = number(bytes, at: position + 4, size: 4, isLittle: true),
            let end = end(bytes, position + 8, length)
        {
            if bytes[position..<(position + 4)].elementsEqual("EXIF".utf8) {
                let chunk = bytes[(position + 8)..<end]
                return orientation(tiff: hasName(chunk) ? chunk.dropFirst(6) : chunk)
            }
            position = end + length % 2
        }
        return .upright
    }

    /// The first directory of a TIFF structure: `II*\0` or `MM\0*`, its offset, then entries of 12 bytes.
    private static func orientation(tiff: ArraySlice<UInt8>) -> Orientation {
        let bytes = Array(tiff)
        let isLittle = bytes.starts(with: [0x49, 0x49])
        guard isLittle || bytes.starts(with: [0x4D, 0x4D]), number(bytes, at: 2, size: 2, isLittle: isLittle) == 42,
            let directory = number(bytes, at: 4, size: 4, isLittle: isLittle),
            let count = number(bytes, at: directory, size: 2, isLittle: isLittle)
        else { return .upright }
        for index in 0..<min(count, entriesMax) {
            let entry = directory + 2 + 12 * index
            guard let tag = number(bytes, at: entry, size: 2, isLittle: isLittle) else { break }
            // One 16-bit number (type 3), which lies in the entry itself.
            if tag == orientationTag, number(bytes, at: entry + 2, size: 2, isLittle: isLittle) == 3 {
                return Orientation(exif: number(bytes, at: entry + 8, size: 2, isLittle: isLittle) ?? 1)
            }
        }
        return .upright
    }

    private static func hasName(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0])
    }

    /// The end of `length` bytes from `start`; nil when the file ends before.
    private static func end(_ bytes: [UInt8], _ start: Int, _ length: Int) -> Int? {
        start <= bytes.count && length <= bytes.count - start ? start + length : nil
    }

    /// Nil beyond the end.
    private static func number(_ bytes: [UInt8], at position: Int, size: Int, isLittle: Bool) -> Int? {
        guard let end = end(bytes, position, size) else { return nil }
        let digits = bytes[position..<end]
        return isLittle
            ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
    }
}
