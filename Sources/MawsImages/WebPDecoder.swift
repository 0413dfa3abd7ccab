internal import CWebP
import MawsDataFiles

/// WebP, lossy or lossless, through libwebp; of an animation the first frame. Alpha is dropped.
enum WebPDecoder {
    /// The width and height of the image, of an animation those of its canvas.
    static func header(_ bytes: [UInt8]) throws(DataError) -> (width: Int, height: Int) {
        let features = try features(bytes)
        return (Int(features.width), Int(features.height))
    }

    /// RGB pixels.
    static func decode(_ bytes: [UInt8], width: Int, height: Int) throws -> PixelImage {
        guard try features(bytes).has_animation == 0 else {
            return try firstFrame(bytes, width: width, height: height)
        }
        let size = width * height * 3
        let pixels = try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            guard WebPDecodeRGBInto(bytes, bytes.count, buffer.baseAddress, size, Int32(width * 3)) != nil else {
                throw problem("its pixels cannot be decoded")
            }
            filled = size
        }
        return PixelImage(width: width, height: height, channels: 3, pixels: pixels)
    }

    /// The first frame, which may be smaller than the canvas, on black, as Pillow's `convert("RGB")` shows it.
    private static func firstFrame(_ bytes: [UInt8], width: Int, height: Int) throws -> PixelImage {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        try bytes.withUnsafeBufferPointer { memory in
            var data = WebPData(bytes: memory.baseAddress, size: memory.count)
            guard let frames = WebPDemux(&data) else { throw problem("its frames are cut off or make no sense") }
            defer { WebPDemuxDelete(frames) }
            var frame = WebPIterator()
            guard WebPDemuxGetFrame(frames, 1, &frame) != 0 else { throw problem("it has no whole frame") }
            defer { WebPDemuxReleaseIterator(&frame) }
            let (x, y) = (Int(frame.x_offset), Int(frame.y_offset))
            guard x >= 0, y >= 0, x + Int(frame.width) <= width, y + Int(frame.height) <= height else {
                throw problem("its first frame lies outside its canvas")
            }
            let (start, stride) = ((y * width + x) * 3, width * 3)
            let decoded = pixels.withUnsafeMutableBufferPointer { target in
                WebPDecodeRGBInto(
                    frame.fragment.bytes, frame.fragment.size, target.baseAddress.map { $0 + start },
                    target.count - start, Int32(stride)) != nil
            }
            guard decoded else { throw problem("the pixels of its first frame cannot be decoded") }
        }
        return PixelImage(width: width, height: height, channels: 3, pixels: pixels)
    }

    private static func features(_ bytes: [UInt8]) throws(DataError) -> WebPBitstreamFeatures {
        var features = WebPBitstreamFeatures()
        let status = WebPGetFeatures(bytes, bytes.count, &features)
        guard status == VP8_STATUS_OK else { throw problem(message(status)) }
        return features
    }

    private static func problem(_ message: String) -> DataError {
        .image(.corrupt(format: "WebP", message: message))
    }

    private static func message(_ status: VP8StatusCode) -> String {
        switch status {
        case VP8_STATUS_NOT_ENOUGH_DATA: "its header is cut off"
        case VP8_STATUS_UNSUPPORTED_FEATURE: "it uses an unknown feature"
        default: "its header makes no sense"
        }
    }
}
