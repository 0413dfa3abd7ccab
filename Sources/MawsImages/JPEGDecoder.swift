internal import CJPEG
import MawsDataFiles

/// JPEG through libjpeg-turbo with its accurate integer transform and smooth chroma upsampling, as Pillow decodes: what
/// libjpeg only warns of is read.
enum JPEGDecoder {
    static func header(_ bytes: [UInt8]) throws(DataError) -> MawsJPEGHeader {
        var header = MawsJPEGHeader()
        var message = emptyMessage
        let result = maws_jpeg_header(bytes, bytes.count, &header, &message)
        guard result == 0 else { throw problem(result, message) }
        return header
    }

    /// The pixels of `region`: grey for a grey file, else RGB. All of the file is read, whatever the region, so that
    /// whether a file is damaged does not depend on the region.
    /// - Parameters:
    ///   - region: in pixels of the image divided by `denominator`, as it is stored.
    ///   - denominator: 1, 2, 4 or 8.
    /// - Returns: also whether bits of some pixels make no sense, the same for every region.
    static func decode(
        _ bytes: [UInt8], header: MawsJPEGHeader, region: CropBox, denominator: Int
    ) throws -> (image: PixelImage, isDoubtful: Bool) {
        let box = MawsJPEGRegion(
            denominator: Int32(denominator), x: Int32(region.x), y: Int32(region.y), width: Int32(region.width),
            height: Int32(region.height))
        let channels = Int(header.channels)
        let size = region.width * region.height * channels
        var isDoubtful = false
        let pixels = try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            var message = emptyMessage
            let result = withUnsafePointer(to: box) {
                maws_jpeg_decode(bytes, bytes.count, $0, buffer.baseAddress, &message)
            }
            guard result >= 0 else { throw problem(result, message) }
            isDoubtful = Int(result) == MAWS_JPEG_DOUBTFUL
            filled = size
        }
        let image =
            channels == 4
            ? .fromInks(width: region.width, height: region.height, inverted: pixels)
            : PixelImage(width: region.width, height: region.height, channels: channels, pixels: pixels)
        return (image, isDoubtful)
    }

    private static var emptyMessage: [CChar] { [CChar](repeating: 0, count: Int(MAWS_JPEG_MESSAGE_SIZE)) }

    private static func problem(_ result: Int32, _ message: [CChar]) -> DataError {
        Int(result) == MAWS_JPEG_UNSUPPORTED
            ? .image(.unsupported(message.text)) : .image(.corrupt(format: "JPEG", message: message.text))
    }
}

extension PixelImage {
    /// RGB of cyan, magenta, yellow and black, as Pillow's `convert("RGB")` computes it.
    /// - Parameter inverted: 255 for no ink, as Adobe writes JPEG files and as everybody reads them.
    fileprivate static func fromInks(width: Int, height: Int, inverted: [UInt8]) -> PixelImage {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        for index in 0..<width * height {
            let black = Int(inverted[4 * index + 3])
            for channel in 0..<3 {
                let product = (255 - Int(inverted[4 * index + channel])) * black + 128
                pixels[3 * index + channel] = UInt8(clamping: black - (product >> 8 + product) >> 8)
            }
        }
        return PixelImage(width: width, height: height, channels: 3, pixels: pixels)
    }
}
