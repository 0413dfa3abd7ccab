internal import CPNG

/// PNG through libpng's simplified interface, which catches libpng's longjmp itself and reports errors as a message.
enum PNGDecoder {
    static func header(_ bytes: [UInt8]) throws -> (width: Int, height: Int) {
        try withImage(bytes) { (Int($0.pointee.width), Int($0.pointee.height)) }
    }

    /// Grey or RGB, whatever the file is: palette, alpha, 16 bits and interlacing are all resolved.
    static func decode(_ bytes: [UInt8]) throws -> PixelImage { try withImage(bytes, read) }

    private static func withImage<Result>(
        _ bytes: [UInt8], _ body: (UnsafeMutablePointer<png_image>) throws -> Result
    ) throws -> Result {
        var header = png_image()
        header.version = UInt32(PNG_IMAGE_VERSION)
        // libpng keeps the addresses of the header and of the bytes from the first call to the last.
        return try withUnsafeMutablePointer(to: &header) { image in
            defer { png_image_free(image) }
            return try bytes.withUnsafeBytes { memory in
                guard png_image_begin_read_from_memory(image, memory.baseAddress, memory.count) != 0 else {
                    throw DataError.png(image)
                }
                return try body(image)
            }
        }
    }

    private static func read(_ image: UnsafeMutablePointer<png_image>) throws -> PixelImage {
        let (width, height) = (Int(image.pointee.width), Int(image.pointee.height))
        // Without this libpng takes 16-bit files for linear light; every other reader takes them for sRGB.
        image.pointee.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
        image.pointee.format &= UInt32(PNG_FORMAT_FLAG_COLOR) | UInt32(PNG_FORMAT_FLAG_ALPHA)
        let hasAlpha = image.pointee.format & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
        let hasColor = image.pointee.format & UInt32(PNG_FORMAT_FLAG_COLOR) != 0
        let channels = (hasColor ? 3 : 1) + (hasAlpha ? 1 : 0)
        var pixels = [UInt8](repeating: 0, count: width * height * channels)
        guard png_image_finish_read(image, nil, &pixels, 0, nil) != 0 else { throw DataError.png(image) }
        return hasAlpha
            ? .withoutAlpha(width: width, height: height, channels: channels, pixels: pixels)
            : PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }
}

extension DataError {
    /// libpng's message, a C string inside the struct.
    static func png(_ image: UnsafeMutablePointer<png_image>) -> DataError {
        let message = withUnsafeBytes(of: &image.pointee.message) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .image(.corrupt(format: "PNG", message: message))
    }
}
