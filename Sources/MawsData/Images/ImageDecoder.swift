/// Turns PNG and JPEG files into 8-bit pixels.
public enum ImageDecoder {
    /// Width × height above which an image is refused before it is decoded, so that a small file cannot claim all
    /// memory.
    public static let pixelCountMax = 100_000_000

    /// - Parameter channels: 1 for grey, 3 for RGB. Colour turns grey as ITU-R 601 weighs it (Pillow's `convert("L")`),
    ///   16-bit samples are rounded to 8, and alpha is dropped (Pillow's `convert("RGB")`).
    public static func decode(_ bytes: [UInt8], channels: Int) throws -> PixelImage {
        precondition(channels == 1 || channels == 3)
        let image: PixelImage
        if bytes.isEmpty {
            throw DataError.image(.empty)
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            image = try PNGDecoder.decode(bytes)
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            image = try JPEGDecoder.decode(bytes)
        } else {
            throw DataError.image(.unknownFormat(firstBytes: Array(bytes.prefix(4))))
        }
        return image.channels == channels ? image : channels == 1 ? image.grey() : image.color()
    }

    static func checkSize(width: Int, height: Int) throws {
        guard width > 0, height > 0, width <= pixelCountMax / height else {
            throw DataError.image(.tooLarge(width: width, height: height))
        }
    }
}

extension PixelImage {
    /// Luma of an RGB image in 16-bit fixed point, as Pillow rounds it.
    fileprivate func grey() -> PixelImage {
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
    fileprivate func color() -> PixelImage {
        var color = [UInt8](repeating: 0, count: 3 * pixels.count)
        for index in pixels.indices {
            color[3 * index] = pixels[index]
            color[3 * index + 1] = pixels[index]
            color[3 * index + 2] = pixels[index]
        }
        return PixelImage(width: width, height: height, channels: 3, pixels: color)
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
