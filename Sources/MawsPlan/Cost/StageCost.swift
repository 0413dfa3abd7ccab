/// What a stage costs in memory, on the wire and in arithmetic.
public struct StageCost: Hashable, Sendable {
    /// Parameters of all blocks, and of those that are trained.
    public var parameters: Int
    public var trainable: Int
    /// Floating-point operations a sample costs the trainers, forward and backward.
    public var operationsPerSample: Double
    /// Bytes of one gathering of all weights, which each trainer does once a unit.
    public var gatherBytesPerUnit: Int
    /// Bytes of one unit's gradient.
    public var pushBytesPerUnit: Int
    public var unitsPerStep: Int
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
        gatherBytesPerUnit = parameters * element
        pushBytesPerUnit = trainable * element
        unitsPerStep = stage.unitsPerStep
        stateBytes = (2 * (parameters + 2 * trainable) + trainable) * element
    }

    /// A backward pass costs two forward passes. LiT runs its text tower forward twice: for the embeddings that all units
    /// exchange, and again for the gradients.
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
