internal import CPNG
import MawsDataFiles

/// PNG through libpng, as Pillow, OpenCV and torchvision decode: gamma, colour profiles and transparency are not
/// applied.
enum PNGDecoder {
    static func header(_ bytes: [UInt8]) throws(DataError) -> MawsPNGHeader {
        var header = MawsPNGHeader()
        var message = emptyMessage
        guard maws_png_header(bytes, bytes.count, &header, &message) == 0 else { throw problem(message) }
        return header
    }

    /// Grey or RGB, whatever the file is: palette, alpha, 16 bits and interlacing are all resolved.
    /// - Returns: doubtful where rows are not there, which are black then, or their checksum is not.
    static func decode(_ bytes: [UInt8], header: MawsPNGHeader) throws -> (image: PixelImage, isDoubtful: Bool) {
        do {
            return (try pixels(bytes, header: header), false)
        } catch {
            guard let completed = PNGCompletion.completed(bytes) else { throw error }
            return (try pixels(completed, header: header), true)
        }
    }

    private static func pixels(_ bytes: [UInt8], header: MawsPNGHeader) throws -> PixelImage {
        let (width, height, channels) = (Int(header.width), Int(header.height), Int(header.channels))
        // Rows that an interlaced file leaves out must not show what the memory held before.
        var pixels = [UInt8](repeating: 0, count: width * height * channels)
        var message = emptyMessage
        guard maws_png_decode(bytes, bytes.count, &pixels, &message) == 0 else { throw problem(message) }
        return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }

    private static var emptyMessage: [CChar] { [CChar](repeating: 0, count: Int(MAWS_PNG_MESSAGE_SIZE)) }

    private static func problem(_ message: [CChar]) -> DataError {
        .image(.corrupt(format: "PNG", message: message.text))
    }
}

extension [CChar] {
    /// The characters before the first zero.
    var text: String { String(decoding: prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}
