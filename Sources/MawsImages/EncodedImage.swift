internal import CJPEG
internal import CPNG
import MawsDataFiles

/// An image file whose header has been read: what it is, and how large; nothing is decoded yet.
///
/// The content says what a file is, never its name.
package struct EncodedImage {
    package enum Format: String, Sendable {
        case jpeg = "JPEG"
        case png = "PNG"
        case webP = "WebP"

        /// Nil for anything else.
        init?(_ bytes: [UInt8]) {
            if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
                self = .png
            } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
                self = .jpeg
            } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
                self = .webP
            } else {
                return nil
            }
        }

        /// What files of the format are called, without the dot.
        package var fileExtension: String {
            switch self {
            case .jpeg: "jpg"
            case .png: "png"
            case .webP: "webp"
            }
        }
    }

    /// How many times as wide and high as the target a region must be after scaled decoding.
    private static let reducingGap = 2

    package let format: Format
    /// As the image is to be seen: EXIF's orientation has been followed.
    package let width: Int
    package let height: Int
    private let bytes: [UInt8]
    private let orientation: Orientation
    private let jpeg: MawsJPEGHeader?
    private let png: MawsPNGHeader?

    /// Throws `DataError.image` for what is no image, or claims more pixels than `pixelCountMax`.
    package init(_ bytes: [UInt8], pixelCountMax: Int = ImageDecoder.pixelCountMax) throws {
        guard !bytes.isEmpty else { throw DataError.image(.empty) }
        guard let format = Format(bytes) else {
            throw DataError.image(.unknownFormat(firstBytes: Array(bytes.prefix(ContentKind.prefixSize))))
        }
        self.bytes = bytes
        self.format = format
        let stored: (width: Int, height: Int)
        switch format {
        case .jpeg:
            let header = try JPEGDecoder.header(bytes)
            stored = (Int(header.width), Int(header.height))
            orientation = OrientationReader.orientation(jpeg: bytes)
            (jpeg, png) = (header, nil)
        case .png:
            let header = try PNGDecoder.header(bytes)
            stored = (Int(header.width), Int(header.height))
            orientation = OrientationReader.orientation(png: bytes)
            (jpeg, png) = (nil, header)
        case .webP:
            stored = try WebPDecoder.header(bytes)
            orientation = OrientationReader.orientation(webP: bytes)
            (jpeg, png) = (nil, nil)
        }
        width = orientation.isTransposed ? stored.height : stored.width
        height = orientation.isTransposed ? stored.width : stored.height
        guard width > 0, height > 0, width <= pixelCountMax / height else {
            throw DataError.image(.tooLarge(width: stored.width, height: stored.height, limit: pixelCountMax))
        }
    }

    /// All pixels. See `ImageDecoder.decode`.
    package func decode(channels: Int) throws -> PixelImage {
        try decodeWhole(channels: channels).image
    }

    /// All pixels, and whether some of them are not what was stored: a file whose bits make no sense in places is read
    /// as Pillow reads it.
    package func decodeWhole(channels: Int) throws -> (image: PixelImage, isDoubtful: Bool) {
        let all = CropBox(x: 0, y: 0, width: width, height: height)
        return try decodeRegion(channels: channels, region: all, denominator: 1)
    }

    /// The pixels of a region that is about to be resized to `target`: of a JPEG no more is transformed than the
    /// region, and where the region is at least four times as wide and high as the target, it comes at 1/2, 1/4 or 1/8
    /// of its size, never below twice the target's.
    ///
    /// libjpeg scales in the frequency domain, which is an antialiasing filter of its own; the resize from twice the
    /// size or more hides what differs (Pillow's `reducing_gap=2` does the same). Files whose colour is subsampled in
    /// one direction only come out worse and are not scaled. The region is rounded to whole pixels of the scaled image.
    /// What is decoded is a function of the file, the region and the target alone.
    package func decode(
        channels: Int, region: CropBox, target: (width: Int, height: Int)
    ) throws -> PixelImage {
        precondition(region.x >= 0 && region.y >= 0 && region.width > 0 && region.height > 0)
        precondition(region.x + region.width <= width && region.y + region.height <= height)
        let scales = jpeg.map { $0.scales_well != 0 } ?? false
        return try decodeRegion(
            channels: channels, region: region, denominator: scales ? Self.denominator(region, target) : 1
        ).image
    }

    private func decodeRegion(
        channels: Int, region: CropBox, denominator: Int
    ) throws -> (image: PixelImage, isDoubtful: Bool) {
        guard let jpeg else {
            let (image, isDoubtful) = try whole(channels: channels)
            return (image.cropped(to: region), isDoubtful)
        }
        let (storedWidth, storedHeight) = (Int(jpeg.width), Int(jpeg.height))
        let stored = orientation.stored(region, width: storedWidth, height: storedHeight)
        let (pixels, isDoubtful) = try JPEGDecoder.decode(
            bytes, header: jpeg,
            region: Self.scaled(stored, by: denominator, width: storedWidth, height: storedHeight),
            denominator: denominator)
        return (orientation.upright(pixels.converted(to: channels)), isDoubtful)
    }

    private func whole(channels: Int) throws -> (image: PixelImage, isDoubtful: Bool) {
        let (image, isDoubtful) =
            if let png {
                try PNGDecoder.decode(bytes, header: png)
            } else {
                (
                    try WebPDecoder.decode(
                        bytes, width: orientation.isTransposed ? height : width,
                        height: orientation.isTransposed ? width : height), false
                )
            }
        return (orientation.upright(image.converted(to: channels)), isDoubtful)
    }

    private static func denominator(_ region: CropBox, _ target: (width: Int, height: Int)) -> Int {
        [8, 4, 2].first { denominator in
            region.width >= reducingGap * denominator * target.width
                && region.height >= reducingGap * denominator * target.height
        } ?? 1
    }

    private static func scaled(_ box: CropBox, by denominator: Int, width: Int, height: Int) -> CropBox {
        guard denominator > 1 else { return box }
        func span(_ start: Int, _ count: Int, _ limit: Int) -> (start: Int, count: Int) {
            let first = (start + denominator / 2) / denominator
            return (first, min((count + denominator / 2) / denominator, divided(limit, denominator) - first))
        }
        let (across, down) = (span(box.x, box.width, width), span(box.y, box.height, height))
        return CropBox(x: across.start, y: down.start, width: across.count, height: down.count)
    }

    private static func divided(_ value: Int, _ denominator: Int) -> Int { (value + denominator - 1) / denominator }
}
