import MawsBase

/// What a stage costs in memory, on the wire (as plain fp32) and in arithmetic.
public struct StageCost: Hashable, Sendable {
    /// Parameters of all blocks, and of those that are trained.
    public var parameters: Int
    public var trainable: Int
    /// Floating-point operations that the model's products cost for a sample, forward and backward, part by part.
    public var parts: [Part]
    /// All of them: the model's FLOPs per image.
    public var operationsPerSample: Double { parts.reduce(0) { $0 + $1.operations } }
    /// Those of a sample of LiT whose view was shown before: without the frozen image tower, the first part.
    public var operationsPerKnownView: Double { parts.dropFirst().reduce(0) { $0 + $1.operations } }
    /// Bytes each trainer gathers every step: the blocks that are trained, kept for all its units of the step.
    public var gatherBytesPerStep: Int
    /// Bytes each trainer gathers once: the frozen blocks.
    public var gatherBytesOnce: Int
    /// Bytes all trainers together push every step when each unit's gradient travels by itself.
    public var pushBytesPerStep: Int
    private let words: Words
    /// Bytes of the state files of all servers together: frozen weights, two banks of trained weights, all
    /// slots.
    public var stateBytes: Int
    /// Those of the slots: an optimizer's moments, an average.
    public var slotBytes: Int

    /// Elements of LiT's word table, and of the rows that a unit reads at most.
    private struct Words: Hashable {
        let table: Int
        let ofUnit: Int
    }

    /// What a part of the model with blocks of one width costs a sample.
    public struct Part: Hashable, Sendable {
        public var operations: Double
        public var width: Int

        init(_ operations: Double, width: Int) { (self.operations, self.width) = (operations, width) }
    }

    /// - Parameters:
    ///   - parameters: elements of the stage's block table.
    ///   - trainable: those of its trainable blocks.
    public init(plan: Plan, stage: StagePlan, parameters: Int, trainable: Int) {
        let element = MemoryLayout<Float>.size
        self.parameters = parameters
        self.trainable = trainable
        parts = Self.parts(plan, stage)
        gatherBytesPerStep = trainable * element
        gatherBytesOnce = (parameters - trainable) * element
        words = Self.words(plan, stage)
        pushBytesPerStep = stage.unitsPerStep * Self.pushBytes(units: 1, trainable: trainable, words)
        slotBytes = (stage.recipe?.optimizer.slots ?? []).reduce(0) { bytes, slot in
            let scales = slot.encoding.hasScales ? trainable / SlotLayout.groupLength * element : 0
            return bytes + slot.encoding.codeWidth * trainable + scales
        }
        stateBytes = (parameters + trainable) * element + slotBytes
    }

    /// Bytes of the sum of some units' gradients: of a word table the rows that they read when all their words differ,
    /// or all of it where it travels whole.
    public func pushBytes(units: Int) -> Int { Self.pushBytes(units: units, trainable: trainable, words) }

    private static func pushBytes(units: Int, trainable: Int, _ words: Words) -> Int {
        let read = units * words.ofUnit
        let unread = 2 * read < words.table ? words.table - read : 0
        return (trainable - unread) * MemoryLayout<Float>.size
    }

    private static func words(_ plan: Plan, _ stage: StagePlan) -> Words {
        guard stage.kind == .lit, let text = plan.model.text else { return Words(table: 0, ofUnit: 0) }
        return Words(table: text.vocabulary * text.width, ofUnit: stage.unit * text.context * text.width)
    }

    /// A backward pass costs two forward passes. What is computed again to save memory is not the model's.
    private static func parts(_ plan: Plan, _ stage: StagePlan) -> [Part] {
        let image = plan.model.image
        switch stage.kind {
        case .mae:
            let visible = stage.visiblePatches(image)
            let encoder = Part(3 * ModelCost.imageForward(image, patches: visible), width: image.width)
            guard let decoder = stage.decoder else { return [encoder] }
            let forward = ModelCost.decoderForward(decoder, image: image, visible: visible)
            return [encoder, Part(3 * forward, width: decoder.width)]
        case .wsp:
            let hidden = stage.head == .mlp ? image.width : 0
            let head = ModelCost.product(1, image.width, hidden + stage.labelCount)
            return [Part(3 * (ModelCost.imageForward(image) + head), width: image.width)]
        case .lit:
            let frozen = Part(ModelCost.imageForward(image), width: image.width)
            guard let text = plan.model.text else { return [frozen] }
            let similarities = ModelCost.product(1, text.embedding, stage.batch)
            return [
                frozen, Part(3 * ModelCost.textForward(text), width: text.width),
                Part(3 * similarities, width: text.embedding),
            ]
        case .linear, .zeroshot:
            return [Part(ModelCost.imageForward(image), width: image.width)]
        }
    }
}
