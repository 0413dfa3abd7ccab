/// What a stage costs in memory, on the wire (as plain fp32) and in arithmetic.
public struct StageCost: Hashable, Sendable {
    /// Parameters of all blocks, and of those that are trained.
    public var parameters: Int
    public var trainable: Int
    /// Floating-point operations a sample costs the trainers, forward and backward.
    public var operationsPerSample: Double
    /// Bytes each trainer gathers every step: the blocks that are trained, kept for all its units of the step.
    public var gatherBytesPerStep: Int
    /// Bytes each trainer gathers once: the frozen blocks.
    public var gatherBytesOnce: Int
    /// Bytes all trainers together push every step: one gradient a unit.
    public var pushBytesPerStep: Int
    /// Bytes of the state files of all servers together: two banks of weights and of both moments, and one gradient.
    public var stateBytes: Int

    /// - Parameters:
    ///   - parameters: elements of the stage's block table.
    ///   - trainable: those of its trainable blocks.
    public init(plan: Plan, stage: StagePlan, parameters: Int, trainable: Int) {
        let element = MemoryLayout<Float>.size
        self.parameters = parameters
        self.trainable = trainable
        operationsPerSample = Self.operations(plan, stage)
        gatherBytesPerStep = trainable * element
        gatherBytesOnce = (parameters - trainable) * element
        pushBytesPerStep = trainable * element * stage.unitsPerStep
        stateBytes = (2 * (parameters + 2 * trainable) + trainable) * element
    }

    /// A backward pass costs two forward passes. LiT runs its text tower forward twice: for the embeddings that all
    /// units exchange, and again for the gradients.
    private static func operations(_ plan: Plan, _ stage: StagePlan) -> Double {
        let image = plan.model.image
        switch stage.kind {
        case .mae:
            let visible = stage.visiblePatches(image)
            let decoder = stage.decoder.map { ModelCost.decoderForward($0, image: image, visible: visible) } ?? 0
            return 3 * (ModelCost.imageForward(image, patches: visible) + decoder)
        case .wsp:
            let head = ModelCost.product(1, image.width, image.width + stage.labelCount)
            return 3 * (ModelCost.imageForward(image) + head)
        case .lit:
            guard let text = plan.model.text else { return 0 }
            let similarities = ModelCost.product(1, text.embedding, stage.batch)
            return ModelCost.imageForward(image) + 4 * ModelCost.textForward(text) + 3 * similarities
        case .linear, .zeroshot:
            return ModelCost.imageForward(image)
        }
    }
}
