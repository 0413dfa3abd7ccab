import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// One unit's embeddings of one step, and what its second phase would otherwise compute again.
package final class LiTUnit {
    /// Unit-length rows, [samples × embedding].
    package var imageRows: [Float] { image.rows.array }
    package var textRows: [Float] { text.rows.array }
    /// Bytes of what the second phase needs.
    var byteCount: Int { tower.workspace.byteCount }

    /// Class-token features of the frozen tower, [samples, image width]: the unit need not see its images again. They
    /// are there as long as the unit is.
    package let features: FloatSlice
    fileprivate let image: ProjectionHead.Output
    fileprivate let tower: TextTower.Activations
    fileprivate let text: ProjectionHead.Output
    private let memory: WorkspacePool

    fileprivate init(
        features: FloatSlice, image: ProjectionHead.Output, tower: TextTower.Activations,
        text: ProjectionHead.Output, memory: WorkspacePool
    ) {
        self.features = features
        self.image = image
        self.tower = tower
        self.text = text
        self.memory = memory
    }

    deinit { memory.give(tower.workspace) }
}

/// Locked-image tuning (Zhai et al., 2022): a text tower and two projections learn, by the CLIP loss over the whole
/// global batch, to match the features of a frozen image tower.
///
/// A step has two phases. `embed` gives a unit's rows; when the rows of all units are there, `embeddings` makes the
/// batch's common part and `computeUnit` pushes the exact gradient of the global loss for the unit's own rows.
package final class LiTObjective {
    private let table: BlockTable
    private let smoothing: Float
    private let backend: ComputeBackend
    private let towers: ContrastiveTowers
    private let keeps: KeptActivations
    private let logitScale: Int
    private let unitMemory = WorkspacePool()
    private let batchMemory = WorkspacePool()
    /// Whether views are fixed, so that what is computed of one may be kept: no other image may have a say in it.
    private let isolatesImages: Bool
    private let buffers: GradientBuffers
    /// Values in a row of the shared space.
    package let width: Int

    /// - Parameter keeps: `inputs` computes each text block again to go backward, in less memory, with the same bits.
    package init(plan: Plan, stage: StagePlan, backend: ComputeBackend, keeps: KeptActivations = .everything) {
        guard let text = plan.model.text, let task = stage[LiTTask.self] else {
            preconditionFailure("stage \(stage.name) has no text model")
        }
        table = StageModel.table(stage, in: plan)
        smoothing = Float(task.labelSmoothing)
        self.backend = backend
        buffers = GradientBuffers(backend: backend)
        self.keeps = keeps
        isolatesImages = task.fixedViews != nil
        width = text.embedding
        towers = ContrastiveTowers(stage, text, in: plan, table: table, backend: backend)
        logitScale = table.requiredIndex("logit_scale")
    }

    /// Phase 0: the unit's rows. The result serves this unit's second phase at the same weights only.
    /// - Parameter batch: with images, or known features in their place.
    package func embed(_ batch: UnitBatch, weights: any WeightSource) throws -> LiTUnit {
        let workspace = unitMemory.take()
        let features = workspace.take(batch.count * towers.imageHead.inputs)
        try fill(features, batch, weights)
        let image = try project(towers.imageHead, features, towers.imageProjection, workspace, weights)
        let text = try towers.text.forward(
            TextBatch(batch[.text]), keeps: keeps, workspace: workspace,
            weights: weights)
        return LiTUnit(
            features: features, image: image, tower: text,
            text: try project(towers.textHead, text.begin, towers.textProjection, workspace, weights),
            memory: unitMemory)
    }

    /// The frozen tower's features of all samples: those that are known, and those of the batch's images.
    private func fill(_ features: FloatSlice, _ batch: UnitBatch, _ weights: any WeightSource) throws {
        let width = towers.imageHead.inputs
        let (known, images) = (batch[.features], batch[.image])
        for (index, row) in known.rows.enumerated() {
            features.part(row * width, width).copy(from: known.floats.part(index * width, width))
        }
        guard !images.rows.isEmpty else { return }
        try towers.image.withFeatures(images.floats, isolated: isolatesImages, weights: weights) { computed in
            for (index, row) in images.rows.enumerated() {
                features.part(row * width, width).copy(from: computed.part(index * width, width))
            }
        }
    }

    /// Between the phases: the common part of the global batch.
    /// - Parameters:
    ///   - images, texts: the rows of all units in order, [global batch × width]; in use as long as the result is.
    package func embeddings(images: FloatSlice, texts: FloatSlice, weights: any WeightSource) throws -> LiTEmbeddings {
        defer { weights.release(logitScale) }
        return LiTEmbeddings(
            images: images, texts: texts, width: width, logitScale: try weights.gather(logitScale)[0],
            smoothing: smoothing, backend: backend, memory: batchMemory)
    }

    /// Phase 1: pushes every trainable block's gradient, last block first, and returns the unit's share of the loss.
    /// - Parameters:
    ///   - unit: what `embed` gave for this batch at these weights; nil: computed again, with the same bits.
    ///   - firstRow: number of the unit's first row in the global batch.
    package func computeUnit(
        _ batch: UnitBatch, unit: LiTUnit?, all: LiTEmbeddings, firstRow: Int, weights: any WeightSource,
        gradients: any GradientSink
    ) throws -> Double {
        let unit = try unit ?? embed(batch, weights: weights)
        let share = all.share(of: firstRow..<firstRow + batch.count, in: unit.tower.workspace)
        let dLogitScale = buffers.take(logitScale, count: 1, for: gradients)
        dLogitScale[0] += Float(share.dLogitScale)
        try gradients.push(logitScale, dLogitScale)
        let dBegin = unit.tower.workspace.take(unit.tower.begin.count)
        try pushProjection(
            towers.textHead, towers.textProjection, dBegin, share.dTexts, unit.tower.begin, unit.text, weights,
            gradients)
        try towers.text.backward(dBegin, unit.tower, weights: weights, gradients: gradients, buffers: buffers)
        try pushProjection(
            towers.imageHead, towers.imageProjection, nil, share.dImages, unit.features, unit.image, weights, gradients)
        return share.loss
    }

    private func project(
        _ head: ProjectionHead, _ x: FloatSlice, _ block: Int, _ workspace: Workspace, _ weights: any WeightSource
    ) throws -> ProjectionHead.Output {
        defer { weights.release(block) }
        return head.forward(x, try weights.gather(block), workspace)
    }

    private func pushProjection(
        _ head: ProjectionHead, _ block: Int, _ dx: FloatSlice?, _ dRows: FloatSlice, _ x: FloatSlice,
        _ output: ProjectionHead.Output, _ weights: any WeightSource, _ gradients: any GradientSink
    ) throws {
        let gradient = buffers.take(block, count: table.blocks[block].count, for: gradients)
        head.backward(dx, gradient, dRows, x, output, try weights.gather(block))
        weights.release(block)
        try gradients.push(block, gradient)
    }
}
