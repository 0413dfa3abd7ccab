internal import CImageLoops
import MawsPlan

/// A rectangle of pixels.
package struct CropBox: Hashable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}

/// What of an image is seen: the crop is scaled to `width` × `height`, and of that the window is kept. Pixels outside
/// the crop have no influence.
package struct ResizeGeometry: Hashable {
    package var crop: CropBox
    package var width: Int
    package var height: Int
    package var window: CropBox

    /// All of the scaled crop.
    package init(crop: CropBox, width: Int, height: Int) {
        self.init(
            crop: crop, width: width, height: height, window: CropBox(x: 0, y: 0, width: width, height: height))
    }

    package init(crop: CropBox, width: Int, height: Int, window: CropBox) {
        self.crop = crop
        self.width = width
        self.height = height
        self.window = window
    }
}

/// Antialiased resizing, bit for bit as Pillow does it (`Image.resize` of an 8-bit image): a horizontal pass, then a
/// vertical one, each with 22-bit fixed-point weights and 8-bit results. Integer sums make the result the same on every
/// machine. (Pillow 13 takes the vertical pass first where that is less work, which may round a value otherwise.)
///
/// Holds one resized image, in memory that the next one takes over. Not thread-safe.
package final class ImageResizer {
    private let loops: ImageLoops
    private var canvas: [UInt8] = []
    private var scratch: [UInt8] = []
    private var (width, height, channels) = (0, 0, 0)
    /// Bytes of a pixel, and from row to row.
    private var step: Int { channels == 3 ? 4 : 1 }
    private var stride: Int { (width * step + 63) / 64 * 64 }

    package init(loops: ImageLoops = .fastest) { self.loops = loops }

    package func resize(_ image: PixelImage, _ geometry: ResizeGeometry, interpolation: Interpolation) {
        (width, height, channels) = (geometry.window.width, geometry.window.height, image.channels)
        let (crop, window) = (geometry.crop, geometry.window)
        let across = ResizeTaps(
            from: crop.width, to: geometry.width, window: window.x..<window.x + width, interpolation: interpolation)
        let down = ResizeTaps(
            from: crop.height, to: geometry.height, window: window.y..<window.y + height, interpolation: interpolation)
        grow(&canvas, to: height * stride)
        grow(&scratch, to: maws_resize_scratch(crop.width, crop.height, stride))
        let start = (crop.y * image.width + crop.x) * channels
        precondition(start + ((crop.height - 1) * image.width + crop.width) * channels <= image.pixels.count)
        image.pixels.withUnsafeBufferPointer { pixels in
            across.withTaps { across in
                down.withTaps { down in
                    loops.table.resize(
                        &canvas, stride, pixels.baseAddress! + start, image.width * channels, channels, crop.width,
                        crop.height, across, down, &scratch)
                }
            }
        }
    }

    /// The resized image, mirrored left to right where that is asked for.
    package func image(mirrored: Bool = false) -> PixelImage {
        let count = width * height * channels
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
            loops.table.pack(out.baseAddress, canvas, stride, channels, width, height, mirrored ? 1 : 0)
            initialized = count
        }
        return PixelImage(width: width, height: height, channels: channels, pixels: pixels)
    }

    /// Numbers of the resized image, shape (channels, height, width), from its channels' tables of 256.
    func normalize(into target: UnsafeMutablePointer<Float>, tables: [Float], mirrored: Bool) {
        precondition(tables.count == 256 * channels)
        loops.table.normalize(target, canvas, stride, step, channels, width, height, mirrored ? 1 : 0, tables)
    }

    private func grow(_ bytes: inout [UInt8], to count: Int) {
        if bytes.count < count { bytes = [UInt8](repeating: 0, count: count) }
    }
}

extension ImageLoops {
    /// Numbers of an image, shape (channels, height, width), from its channels' tables of 256.
    func normalize(_ image: PixelImage, into target: UnsafeMutablePointer<Float>, tables: [Float]) {
        precondition(tables.count == 256 * image.channels)
        table.normalize(
            target, image.pixels, image.width * image.channels, image.channels, image.channels, image.width,
            image.height, 0, tables)
    }
}

extension ResizeTaps {
    fileprivate func withTaps(_ body: (MawsTaps) -> Void) {
        first.withUnsafeBufferPointer { first in
            weights.withUnsafeBufferPointer { weights in
                body(
                    MawsTaps(
                        count: first.count, width: width, first: first.baseAddress, weights: weights.baseAddress))
            }
        }
    }
}
