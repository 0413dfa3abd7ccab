internal import CImageLoops

/// The pixel loops of one instruction set. All give the same bits.
///
/// Unchecked because the table's functions come from C; it is never written.
package struct ImageLoops: @unchecked Sendable {
    let table: MawsImageLoops

    /// Those of this machine's widest instruction set.
    package static let fastest = ImageLoops(table: maws_image_loops().pointee)
    /// Instruction sets that there are loops for.
    package static let names = ["baseline", "avx2", "avx512"]

    /// Nil where this machine cannot run them.
    package static func named(_ name: String) -> ImageLoops? {
        maws_image_loops_named(name).map { ImageLoops(table: $0.pointee) }
    }

    /// Every value replaced by its entry in its channel's table of 256.
    func mapped(_ image: PixelImage, tables: [UInt8]) -> PixelImage {
        precondition(tables.count == 256 * image.channels)
        return made(like: image) { out, pixels in
            table.map(out, pixels, tables, image.channels, image.width * image.height)
        }
    }

    /// The pixel at matrix (x, y, 1) in 16-bit fixed point for each (x, y), black where that is outside.
    func moved(_ image: PixelImage, matrix: [Int32]) -> PixelImage {
        precondition(matrix.count == 6 && image.width + image.height < 1 << 14)
        return made(like: image) { out, pixels in
            table.affine(out, pixels, matrix, image.channels, image.width, image.height)
        }
    }

    /// from + amount × (to − from); an amount above 1 goes beyond `to`.
    func blended(from: PixelImage, to: PixelImage, amount: Float) -> PixelImage {
        precondition(from.pixels.count == to.pixels.count)
        return made(like: to) { out, pixels in
            from.pixels.withUnsafeBufferPointer { table.blend(out, $0.baseAddress, pixels, amount, $0.count) }
        }
    }

    /// A colour image's grey in all three channels; a grey image as it is.
    func luma(_ image: PixelImage) -> PixelImage {
        guard image.channels == 3 else { return image }
        return made(like: image) { out, pixels in table.luma(out, pixels, image.width * image.height) }
    }

    /// Pillow's filter SMOOTH.
    func smoothed(_ image: PixelImage) -> PixelImage {
        made(like: image) { out, pixels in table.smooth(out, pixels, image.channels, image.width, image.height) }
    }

    private func made(
        like image: PixelImage, _ body: (UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?) -> Void
    ) -> PixelImage {
        let count = image.pixels.count
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
            image.pixels.withUnsafeBufferPointer { body(out.baseAddress, $0.baseAddress) }
            initialized = count
        }
        return PixelImage(width: image.width, height: image.height, channels: image.channels, pixels: pixels)
    }
}
