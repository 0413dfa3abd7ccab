import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import Synchronization

/// Masked autoencoding (He et al., 2022): reconstruct the hidden patches of an image from the visible ones.
package final class MAEObjective: UnitObjective {
    private let plan: Plan
    private let task: MAETask
    private let model: ImageModelPlan
    private let stageIndex: UInt32
    private let grid: PatchGrid
    private let workspace = Workspace()
    private let buffers: GradientBuffers
    private let encoder: ImageTower
    private let backend: ComputeBackend
    private let keeps: KeptActivations
    private let decoder: MAEDecoder
    /// The sum of the parts that the decoder computes.
    private let decoderSum: GradientSum

    /// - Parameter keeps: `inputs` computes each block again to go backward, in less memory, with the same bits.
    package init(
        plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: ComputeBackend, keeps: KeptActivations = .everything
    ) {
        guard let task = stage[MAETask.self] else {
            preconditionFailure("stage \(stage.name) is not masked autoencoding")
        }
        self.plan = plan
        (self.backend, self.keeps) = (backend, keeps)
        self.task = task
        self.stageIndex = stageIndex
        buffers = GradientBuffers(backend: backend)
        decoderSum = GradientSum(backend: backend)
        model = stage.image(in: plan)
        let table = StageModel.table(stage, in: plan)
        grid = PatchGrid(channels: model.channels, size: model.size, patch: model.patch)
        encoder = ImageTower(model, table: table, backend: backend, workspace: workspace)
        decoder = MAEDecoder(model, task.decoder, table: table, backend: backend, workspace: workspace)
    }

    package func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double {
        try computeUnit(
            batch, masking: masking(of: batch), globalBatch: globalBatch, weights: weights, gradients: gradients)
    }

    /// With a given mask instead of the drawn one.
    package func computeUnit(
        _ batch: UnitBatch, masking: Masking, globalBatch: Int, weights: any WeightSource,
        gradients: any GradientSink
    ) throws -> Double {
        defer { workspace.releaseAll() }
        let latent = try encode(batch, masking, weights: weights)
        let dLatent = workspace.take(latent.count)
        let parts = batch.ranges(of: task.decoder.microBatch ?? batch.count)
        var loss = 0.0
        for (index, images) in parts.enumerated() {
            let mark = workspace.mark
            let own = Part(images: images, of: batch, masking: masking.part(images))
            let prediction = try decoder.forward(
                latent.sequences(images, of: batch.count), own.masking, keeps: keeps, weights: weights)
            loss += squaredError(prediction, own, globalBatch)
            let dPart = try decoder.backward(
                prediction, weights: weights, gradients: decoderSum.part(index, of: parts.count, to: gradients),
                buffers: buffers)
            dLatent.sequences(images, of: batch.count).copy(from: dPart)
            workspace.release(to: mark)
        }
        try encoder.backward(dLatent, weights: weights, gradients: gradients, buffers: buffers)
        return loss
    }

    /// Images that the decoder computes at a time.
    private struct Part {
        let images: FloatSlice
        let masking: Masking

        init(images range: Range<Int>, of batch: UnitBatch, masking: Masking) {
            images = batch[.image].floats.sequences(range, of: batch.count)
            self.masking = masking
        }
    }

    /// What the model makes of a batch under the masks that training would draw for it.
    package func reconstruct(_ batch: UnitBatch, weights: any WeightSource) throws -> MAEReconstruction {
        defer { workspace.releaseAll() }
        let masking = masking(of: batch)
        let prediction = try predict(batch, masking, weights: weights)
        if task.normalizesPixels {
            let pixels = workspace.take(prediction.count)
            grid.read(pixels, batch[.image].floats, masking.hiddenSelection, .prediction)
            PixelNorm.restore(prediction, like: pixels, length: grid.length)
        }
        return MAEReconstruction(batch, prediction, masking.hiddenSelection, grid, model)
    }

    private func masking(of batch: UnitBatch) -> Masking {
        Masking.random(
            slots: batch.slots, perImage: grid.count, ratio: task.maskRatio, seed: plan.seed, stage: stageIndex)
    }

    private func encode(_ batch: UnitBatch, _ masking: Masking, weights: any WeightSource) throws -> FloatSlice {
        try encoder.forward(
            batch[.image].floats, visible: masking.visibleSelection, output: .allTokens, keeps: keeps, weights: weights)
    }

    private func predict(_ batch: UnitBatch, _ masking: Masking, weights: any WeightSource) throws -> FloatSlice {
        try decoder.forward(encode(batch, masking, weights: weights), masking, keeps: keeps, weights: weights)
    }

    /// Mean squared error over a patch's values, over an image's hidden patches, over the global batch. Leaves its
    /// gradient in `prediction`.
    private func squaredError(_ prediction: FloatSlice, _ part: Part, _ globalBatch: Int) -> Double {
        let hidden = part.masking.hiddenSelection
        let divisor = Double(grid.length) * Double(hidden.perImage) * Double(globalBatch)
        let totals = Mutex([Double](repeating: 0, count: hidden.imageCount))
        backend.forEach(hidden.imageCount) { image, worker in
            let own = image..<image + 1
            let predicted = prediction.sequences(own, of: hidden.imageCount)
            let mark = worker.scratch.mark
            let target = worker.scratch.take(predicted.count)
            grid.read(target, part.images.sequences(own, of: hidden.imageCount), hidden.part(image), .prediction)
            if task.normalizesPixels { PixelNorm.normalize(target, length: grid.length) }
            let total = Self.squaredError(predicted, target, gradientFactor: Float(2 / divisor))
            worker.scratch.release(to: mark)
            totals.withLock { $0[image] = total }
        }
        return totals.withLock { $0.reduce(0, +) } / divisor
    }

    /// Their sum over one image's values.
    private static func squaredError(
        _ prediction: FloatSlice, _ target: FloatSlice, gradientFactor: Float
    ) -> Double {
        var total = 0.0
        for index in 0..<prediction.count {
            let difference = prediction[index] - target[index]
            total += Double(difference) * Double(difference)
            prediction[index] = difference * gradientFactor
        }
        return total
    }
}
