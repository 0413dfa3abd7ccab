internal import CTurboJPEG

/// JPEG through libjpeg-turbo with its accurate integer transform and smooth chroma upsampling, as Pillow decodes.
enum JPEGDecoder {
    /// Grey for a grey file, RGB for a colour one; CMYK is refused.
    static func decode(_ bytes: [UInt8]) throws -> PixelImage {
        guard let handle = tjInitDecompress() else {
            throw DataError.image(.corrupt(format: "JPEG", message: "libjpeg-turbo cannot start"))
        }
        defer { tjDestroy(handle) }
        var (width, height, subsampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let length = UInt(bytes.count)
        guard tjDecompressHeader3(handle, bytes, length, &width, &height, &subsampling, &space) == 0 else {
            throw problem(handle)
        }
        if space == Int32(TJCS_CMYK.rawValue) || space == Int32(TJCS_YCCK.rawValue) {
            throw DataError.image(.unsupported("a CMYK JPEG"))
        }
        try ImageDecoder.checkSize(width: Int(width), height: Int(height))
        let isGrey = space == Int32(TJCS_GRAY.rawValue)
        let channels = isGrey ? 1 : 3
        let format = isGrey ? TJPF_GRAY.rawValue : TJPF_RGB.rawValue
        var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * channels)
        let result = tjDecompress2(
            handle, bytes, length, &pixels, width, 0, height, format, Int32(TJFLAG_LIMITSCANS))
        guard result == 0 || isHarmless(handle) else { throw problem(handle) }
        return PixelImage(width: Int(width), height: Int(height), channels: channels, pixels: pixels)
    }

    /// Stray bytes between markers lose no pixels; every other warning (early end, bad codes) means damaged ones.
    private static func isHarmless(_ handle: tjhandle) -> Bool {
        tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue) && message(handle).contains("extraneous bytes")
    }

    private static func message(_ handle: tjhandle) -> String {
        tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown error"
    }

    private static func problem(_ handle: tjhandle) -> DataError {
        .image(.corrupt(format: "JPEG", message: message(handle)))
    }
}
