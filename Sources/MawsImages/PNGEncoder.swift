internal import CPNG
import MawsDataFiles

package enum PNGEncoder {
    /// The bytes of a PNG file of the image. The same pixels give the same bytes with the same libpng and zlib.
    package static func encode(_ image: PixelImage) throws(DataError) -> [UInt8] {
        var header = png_image()
        header.version = UInt32(PNG_IMAGE_VERSION)
        header.width = UInt32(image.width)
        header.height = UInt32(image.height)
        header.format = image.channels == 3 ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
        defer { png_image_free(&header) }
        // Deflate never expands beyond a few bytes a block, and every row has one filter byte.
        var size = (image.width * image.channels + 1) * image.height * 9 / 8 + 4096
        var bytes = [UInt8](repeating: 0, count: size)
        guard png_image_write_to_memory(&header, &bytes, &size, 0, image.pixels, 0, nil) != 0 else {
            let message = withUnsafeBytes(of: &header.message) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw .image(.corrupt(format: "PNG", message: message))
        }
        return Array(bytes.prefix(size))
    }
}
