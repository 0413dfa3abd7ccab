import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// Patches to tokens: a linear map of each patch, a class token in front, and the position table added.
final class ImageEmbedding {
    private let grid: PatchGrid
    private let width: Int
    private let table: BlockTable
    private let backend: ComputeBackend
    private let workspace: Workspace
    private let embedBlock: Int
    private let positionBlock: Int
    private let weight: Range<Int>
    private let bias: Range<Int>
    private let classToken: Range<Int>
    private var patches: FloatSlice?
    private var visible = PatchSelection(indices: [], perImage: 0)

    init(
        _ model: ImageModelPlan, table: BlockTable, prefix: String, backend: ComputeBackend, workspace: Workspace
    ) {
        guard let embed = table.index(of: "\(prefix)embed"), let position = table.index(of: "\(prefix)position") else {
            preconditionFailure("the table has no image embedding with prefix '\(prefix)'")
        }
        grid = PatchGrid(channels: model.channels, size: model.size, patch: model.patch)
        width = model.width
        self.table = table
        self.backend = backend
        self.workspace = workspace
        embedBlock = embed
        positionBlock = position
        weight = table.blocks[embed].entry("\(prefix)patch_embed.proj.weight").range
        bias = table.blocks[embed].entry("\(prefix)patch_embed.proj.bias").range
        classToken = table.blocks[embed].entry("\(prefix)cls_token").range
    }

    /// Tokens [images · (visible.perImage + 1), width].
    /// - Parameter isolated: each image's product is made by itself.
    func forward(
        _ images: FloatSlice, _ visible: PatchSelection, isolated: Bool = false, weights: any WeightSource
    ) throws -> FloatSlice {
        let rows = visible.indices.count
        let patches = workspace.take(rows * grid.length)
        read(patches, images, visible)
        (self.patches, self.visible) = (patches, visible)
        let tokens = workspace.take((rows + visible.imageCount) * width)
        let mark = workspace.mark
        let embedded = workspace.take(rows * width)
        let buffer = try weights.gather(embedBlock)
        let pieces = isolated ? visible.imageCount : 1
        let shape = linearShape(rows / max(pieces, 1))
        for piece in 0..<pieces {
            backend.linearForward(
                embedded.part(piece * shape.rows * width, shape.rows * width),
                patches.part(piece * shape.rows * grid.length, shape.rows * grid.length), buffer.slice(weight),
                buffer.slice(bias), residual: nil, shape)
        }
        let positions = try weights.gather(positionBlock)
        backend.gatherRows(tokens, positions.values.all, positionRows, width: width)
        weights.release(positionBlock)
        let token = buffer.slice(classToken)
        let perImage = visible.perImage * width
        for image in 0..<visible.imageCount {
            let start = image * (perImage + width)
            backend.add(tokens.part(start, width), tokens.part(start, width), token)
            let rest = tokens.part(start + width, perImage)
            backend.add(rest, rest, embedded.part(image * perImage, perImage))
        }
        weights.release(embedBlock)
        workspace.release(to: mark)
        return tokens
    }

    /// Whether the embedding or the position table is trained.
    var isTrained: Bool { [embedBlock, positionBlock].contains { table.blocks[$0].isTrainable } }

    /// Pushes the position table's gradient, then the embedding's, each where it is trained.
    func backward(_ dTokens: FloatSlice, gradients: any GradientSink, buffers: GradientBuffers) throws {
        guard let patches else { preconditionFailure("backward before forward") }
        if let gradient = buffers.takeIfTrained(positionBlock, of: table, for: gradients) {
            backend.scatterAddRows(gradient.all, dTokens, positionRows, width: width)
            try gradients.push(positionBlock, gradient)
        }
        guard table.blocks[embedBlock].isTrainable else { return }
        let (images, perImage) = (visible.imageCount, visible.perImage * width)
        let dClass = workspace.take(images * width)
        let dEmbedded = workspace.take(images * perImage)
        for image in 0..<images {
            let start = image * (perImage + width)
            dClass.part(image * width, width).copy(from: dTokens.part(start, width))
            dEmbedded.part(image * perImage, perImage).copy(from: dTokens.part(start + width, perImage))
        }
        let gradient = buffers.take(embedBlock, count: table.blocks[embedBlock].count, for: gradients)
        backend.sumRows(gradient.slice(classToken), dClass, RowShape(rows: images, width: width))
        backend.linearBackward(
            nil, gradient.slice(weight), gradient.slice(bias), dEmbedded, patches, nil,
            linearShape(visible.indices.count))
        try gradients.push(embedBlock, gradient)
    }

    /// The visible patches, each image's on one thread.
    private func read(_ patches: FloatSlice, _ images: FloatSlice, _ visible: PatchSelection) {
        let count = visible.imageCount
        backend.forEach(count) { image, _ in
            grid.read(
                patches.sequences(image..<image + 1, of: count), images.sequences(image..<image + 1, of: count),
                visible.part(image), .convolution)
        }
    }

    private func linearShape(_ rows: Int) -> LinearShape {
        LinearShape(rows: rows, inputs: grid.length, outputs: width)
    }

    /// For each token the row of the position table: 0 for the class token, 1 + index for a patch.
    private var positionRows: [Int] {
        (0..<visible.imageCount).flatMap { image in
            [0] + visible.indices[image * visible.perImage..<(image + 1) * visible.perImage].map { $0 + 1 }
        }
    }
}
