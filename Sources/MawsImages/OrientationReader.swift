/// Finds the orientation in a JPEG, PNG or WebP file, wherever Pillow's `exif_transpose` follows one: in EXIF data, or
/// where those say nothing of it in XMP (`tiff:Orientation`).
enum OrientationReader {
    /// What a file says of itself beside its pixels.
    struct Notes {
        /// EXIF data, with or without their name.
        var exif: [UInt8]?
        /// An XMP packet.
        var xmp: ArraySlice<UInt8> = []

        var orientation: Orientation {
            let value = exif.flatMap { ExifReader.orientation($0[...]) } ?? Double(XMPReader.orientation(xmp) ?? 1)
            return Int(exactly: value).map { Orientation(exif: $0) } ?? .upright
        }
    }

    private static let xmpKeyword = "XML:com.adobe.xmp"
    private static let rawKeyword = "Raw profile type exif"
    private static let exifKeyword = "exif"

    /// EXIF data may be spread over several segments; of several XMP packets the last counts.
    static func orientation(jpeg bytes: [UInt8]) -> Orientation {
        let fields = BinaryFields(bytes, isLittle: false)
        var notes = Notes()
        var position = 2
        while let byte = fields.number(at: position, size: 1) {
            let code = fields.number(at: position + 1, size: 1) ?? 0xFF
            // Stray bytes between segments, and markers that are filled up.
            guard byte == 0xFF, code != 0xFF else {
                position += 1
                continue
            }
            // Pixels begin.
            if code == 0xDA { break }
            // Markers without a segment.
            guard code != 0, !(0xD0...0xD9).contains(code) else {
                position += 2
                continue
            }
            guard let length = fields.number(at: position + 2, size: 2), length >= 2,
                let segment = fields.slice(position + 4, length - 2)
            else { break }
            if code == 0xE1 { notes.add(jpeg: segment) }
            position += 2 + length
        }
        return notes.orientation
    }

    /// The chunks `eXIf` and, as ImageMagick and others write them, text chunks.
    static func orientation(png bytes: [UInt8]) -> Orientation {
        let fields = BinaryFields(bytes, isLittle: false)
        var notes = Notes()
        var rawProfile: [UInt8]?
        var position = 8
        while let length = fields.number(at: position, size: 4), let name = fields.slice(position + 4, 4),
            let chunk = fields.slice(position + 8, length)
        {
            if name.elementsEqual("eXIf".utf8) {
                notes.exif = Array(chunk)
            } else if let text = PNGText(name: name, chunk, keywords: [xmpKeyword, rawKeyword, exifKeyword]) {
                switch text.keyword {
                case xmpKeyword: notes.xmp = text.value[...]
                case rawKeyword: rawProfile = text.rawProfile
                default: notes.exif = text.value
                }
            }
            position += length + 12
        }
        notes.exif = notes.exif ?? rawProfile
        return notes.orientation
    }

    /// The chunks `EXIF` and `XMP `, which count where the file's header announces them.
    static func orientation(webP bytes: [UInt8]) -> Orientation {
        let fields = BinaryFields(bytes, isLittle: true)
        guard fields.slice(12, 4)?.elementsEqual("VP8X".utf8) == true, let flags = fields.number(at: 20, size: 1) else {
            return .upright
        }
        var notes = Notes()
        var position = 12
        while let length = fields.number(at: position + 4, size: 4), let chunk = fields.slice(position + 8, length) {
            if let name = fields.slice(position, 4) {
                if name.elementsEqual("EXIF".utf8), flags & 8 != 0, notes.exif == nil { notes.exif = Array(chunk) }
                if name.elementsEqual("XMP ".utf8), flags & 4 != 0, notes.xmp.isEmpty { notes.xmp = chunk }
            }
            position += 8 + length + length % 2
        }
        return notes.orientation
    }
}

extension OrientationReader.Notes {
    private static let xmpName = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

    /// A JPEG file's segment APP1.
    fileprivate mutating func add(jpeg segment: ArraySlice<UInt8>) {
        if segment.starts(with: ExifReader.name) {
            exif = exif.map { $0 + segment.dropFirst(ExifReader.name.count) } ?? Array(segment)
        } else if segment.starts(with: Self.xmpName) {
            xmp = segment.dropFirst(Self.xmpName.count)
        }
    }
}

/// The orientation in an XMP packet.
enum XMPReader {
    private static let name = Array("tiff:Orientation".utf8)

    /// The digit of the first `tiff:Orientation="6"` or `tiff:Orientation>6`.
    static func orientation(_ packet: ArraySlice<UInt8>) -> Int? {
        var rest = packet
        while let start = rest.firstIndex(of: name[0]) {
            rest = rest[start...]
            if rest.starts(with: name) {
                let behind = rest.dropFirst(name.count)
                let isElement = behind.first == UInt8(ascii: ">")
                let value = isElement ? behind.dropFirst() : behind.dropFirst(2)
                if isElement || behind.starts(with: "=\"".utf8), let digit = value.first, (48...57).contains(digit) {
                    return Int(digit) - 48
                }
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
