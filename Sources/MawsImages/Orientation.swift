/// How an image lies in its file: what EXIF's tag 0x0112 says, values 1 to 8.
struct Orientation: Hashable {
    /// Rows of the file are columns of the image. The mirrors below are those of the file's axes.
    let isTransposed: Bool
    let isMirroredAcross: Bool
    let isMirroredDown: Bool

    static let upright = Orientation(false, false, false)

    private init(_ isTransposed: Bool, _ isMirroredAcross: Bool, _ isMirroredDown: Bool) {
        self.isTransposed = isTransposed
        self.isMirroredAcross = isMirroredAcross
        self.isMirroredDown = isMirroredDown
    }

    /// Values that EXIF does not define are upright.
    init(exif value: Int) {
        switch value {
        case 2: self.init(false, true, false)
        case 3: self.init(false, true, true)
        case 4: self.init(false, false, true)
        case 5: self.init(true, false, false)
        case 6: self.init(true, false, true)
        case 7: self.init(true, true, true)
        case 8: self.init(true, true, false)
        default: self = .upright
        }
    }

    /// Where a box of the upright image lies in a file's image of this size.
    func stored(_ box: CropBox, width: Int, height: Int) -> CropBox {
        var stored = isTransposed ? CropBox(x: box.y, y: box.x, width: box.height, height: box.width) : box
        if isMirroredAcross { stored.x = width - stored.x - stored.width }
        if isMirroredDown { stored.y = height - stored.y - stored.height }
        return stored
    }

    /// The upright image of the stored one.
    func upright(_ stored: PixelImage) -> PixelImage {
        if self == .upright { return stored }
        let channels = stored.channels
        let width = isTransposed ? stored.height : stored.width
        let height = isTransposed ? stored.width : stored.height
        var pixels = [UInt8](repeating: 0, count: stored.pixels.count)
        for y in 0..<height {
            for x in 0..<width {
                let across = isTransposed ? y : x
                let down = isTransposed ? x : y
                let column = isMirroredAcross ? stored.width - 1 - across : across
                let row = isMirroredDown ? stored.height - 1 - down : down
                let (source, target) = ((row * stored.width + column) * channels, (y * width + x) * channels)
                for channel in 0..<channels { pixels[target + channel] = stored.pixels[source + channel] }
            }
        }
        return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }
}
