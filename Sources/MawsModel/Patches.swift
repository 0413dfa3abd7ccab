import MawsTensor

/// Which patches of each image of a unit: `perImage` indices for each, image after image.
package struct PatchSelection: Sendable {
    package var indices: [Int]
    package var perImage: Int

    package init(indices: [Int], perImage: Int) {
        self.indices = indices
        self.perImage = perImage
    }

    /// Every patch of `images` images, in order.
    package static func all(_ count: Int, images: Int) -> PatchSelection {
        PatchSelection(indices: (0..<images).flatMap { _ in 0..<count }, perImage: count)
    }

    package var imageCount: Int { perImage == 0 ? 0 : indices.count / perImage }

    /// Those of one image.
    package func part(_ image: Int) -> PatchSelection {
        PatchSelection(indices: Array(indices[image * perImage..<(image + 1) * perImage]), perImage: perImage)
    }
}

/// Square patches of images (count, channels, size, size), numbered row by row.
package struct PatchGrid: Sendable {
    /// Order of the values inside a patch of `patch` × `patch` pixels.
    package enum Order: Sendable {
        /// channel, row, column: as a convolution's weight.
        case convolution
        /// row, column, channel: as facebookresearch/mae's `patchify`.
        case prediction
    }

    package var channels: Int
    package var size: Int
    package var patch: Int

    package init(channels: Int, size: Int, patch: Int) {
        self.channels = channels
        self.size = size
        self.patch = patch
    }

    package var side: Int { size / patch }
    package var count: Int { side * side }
    package var length: Int { patch * patch * channels }
    private var imageCount: Int { channels * size * size }

    /// Writes the selected patches as rows [selection.indices.count, length].
    package func read(_ rows: FloatSlice, _ images: FloatSlice, _ selection: PatchSelection, _ order: Order) {
        precondition(rows.count == selection.indices.count * length)
        forEachValue(selection, order) { row, pixel in rows[row] = images[pixel] }
    }

    /// The reverse of `read`: writes rows into the images' selected patches.
    package func write(_ images: FloatSlice, _ rows: FloatSlice, _ selection: PatchSelection, _ order: Order) {
        precondition(rows.count == selection.indices.count * length)
        forEachValue(selection, order) { row, pixel in images[pixel] = rows[row] }
    }

    private func forEachValue(
        _ selection: PatchSelection, _ order: Order, _ visit: (_ row: Int, _ pixel: Int) -> Void
    ) {
        let offsets = pixelOffsets(order)
        for (row, index) in selection.indices.enumerated() {
            let (vertical, horizontal) = index.quotientAndRemainder(dividingBy: side)
            let corner = row / selection.perImage * imageCount + (vertical * size + horizontal) * patch
            for (position, offset) in offsets.enumerated() { visit(row * length + position, corner + offset) }
        }
    }

    /// Where each value of a patch lies, relative to the patch's first pixel.
    private func pixelOffsets(_ order: Order) -> [Int] {
        var offsets = [Int](repeating: 0, count: length)
        for channel in 0..<channels {
            for row in 0..<patch {
                for column in 0..<patch {
                    let position =
                        order == .convolution
                        ? (channel * patch + row) * patch + column : (row * patch + column) * channels + channel
                    offsets[position] = (channel * size + row) * size + column
                }
            }
        }
        return offsets
    }
}
