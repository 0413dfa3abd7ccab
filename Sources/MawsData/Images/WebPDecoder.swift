internal import CWebP

/// WebP, lossy or lossless, through libwebp. Alpha is dropped.
enum WebPDecoder {
    /// The width and height of a still image.
    static func header(_ bytes: [UInt8]) throws(DataError) -> (width: Int, height: Int) {
        var features = WebPBitstreamFeatures()
        let status = WebPGetFeatures(bytes, bytes.count, &features)
        guard status == VP8_STATUS_OK else {
            throw .image(.corrupt(format: "WebP", message: message(status)))
        }
        guard features.has_animation == 0 else { throw .image(.unsupported("an animated WebP")) }
        return (Int(features.width), Int(features.height))
    }

    /// RGB pixels.
    static func decode(_ bytes: [UInt8], width: Int, height: Int) throws -> PixelImage {
        let size = width * height * 3
        let pixels = try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            guard WebPDecodeRGBInto(bytes, bytes.count, buffer.baseAddress, size, Int32(width * 3)) != nil else {
                throw DataError.image(.corrupt(format: "WebP", message: "its pixels cannot be decoded"))
            }
            filled = size
        }
        return PixelImage(width: width, height: height, channels: 3, pixels: pixels)
    }

    private static func message(_ status: VP8StatusCode) -> String {
        switch status {
        case VP8_STATUS_NOT_ENOUGH_DATA: "its header is cut off"
        case VP8_STATUS_UNSUPPORTED_FEATURE: "it uses an unknown feature"
        default: "its header makes no sense"
        }
    }
}
