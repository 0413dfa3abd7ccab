/// Turns PNG, JPEG and WebP files into 8-bit pixels.
package enum ImageDecoder {
    /// Width × height above which an image is refused before it is decoded, so that a small file cannot claim all
    /// memory; a plan may set another limit.
    package static let pixelCountMax = 100_000_000

    /// The image upright, as its EXIF orientation wants it.
    /// - Parameter channels: 1 for grey, 3 for RGB. Colour turns grey as ITU-R 601 weighs it (Pillow's `convert("L")`),
    ///   CMYK turns RGB and alpha is dropped as by Pillow's `convert("RGB")`, 16-bit samples are rounded to 8.
    package static func decode(
        _ bytes: [UInt8], channels: Int, pixelCountMax: Int = pixelCountMax
    ) throws -> PixelImage {
        try EncodedImage(bytes, pixelCountMax: pixelCountMax).decode(channels: channels)
    }
}

extension PixelImage {
    /// The image as grey (1) or RGB (3).
    func converted(to channels: Int) -> PixelImage {
        precondition(channels == 1 || channels == 3)
        return self.channels == channels ? self : channels == 1 ? grey() : color()
    }

    /// Luma of an RGB image in 16-bit fixed point, as Pillow rounds it.
    private func grey() -> PixelImage {
        var luma = [UInt8](repeating: 0, count: width * height)
        for index in luma.indices {
            let red = UInt32(pixels[3 * index])
            let green = UInt32(pixels[3 * index + 1])
            let blue = UInt32(pixels[3 * index + 2])
            luma[index] = UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
        }
        return PixelImage(width: width, height: height, channels: 1, pixels: luma)
    }

    /// The same grey in all three channels.
    private func color() -> PixelImage {
        var color = [UInt8](repeating: 0, count: 3 * pixels.count)
        for index in pixels.indices {
            color[3 * index] = pixels[index]
            color[3 * index + 1] = pixels[index]
            color[3 * index + 2] = pixels[index]
        }
        return PixelImage(width: width, height: height, channels: 3, pixels: color)
    }

    /// The pixels inside a box.
    func cropped(to box: CropBox) -> PixelImage {
        if box == CropBox(x: 0, y: 0, width: width, height: height) { return self }
        var kept: [UInt8] = []
        kept.reserveCapacity(box.width * box.height * channels)
        for row in box.y..<box.y + box.height {
            let start = (row * width + box.x) * channels
            kept += pixels[start..<start + box.width * channels]
        }
        return PixelImage(width: box.width, height: box.height, channels: channels, pixels: kept)
    }

    /// The image without the last of its interleaved channels.
    static func withoutAlpha(width: Int, height: Int, channels: Int, pixels: [UInt8]) -> PixelImage {
        var kept = [UInt8](repeating: 0, count: width * height * (channels - 1))
        for index in 0..<width * height {
            for channel in 0..<channels - 1 {
                kept[index * (channels - 1) + channel] = pixels[index * channels + channel]
            }
        }
        return PixelImage(width: width, height: height, channels: channels - 1, pixels: kept)
    }
}
