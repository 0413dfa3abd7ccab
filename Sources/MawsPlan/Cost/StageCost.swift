import MawsBase

/// What a stage costs in memory, on the wire (as plain fp32) and in arithmetic.
package struct StageCost: Hashable, Sendable {
    /// Parameters of all blocks, and of those that are trained.
    package var parameters: Int
    package var trainable: Int
    /// Floating-point operations that the model's products cost for a sample, forward and backward, part by part.
    package var parts: [Part]
    /// All of them: the model's FLOPs per image.
    package var operationsPerSample: Double { parts.reduce(0) { $0 + $1.operations } }
    /// Those of a sample whose view was shown before: without what was kept of it.
    package var operationsPerKnownView: Double { parts.reduce(0) { $1.isKeptOfViews ? $0 : $0 + $1.operations } }
    /// Bytes each trainer gathers every step: the blocks that are trained, kept for all its units of the step.
    package var gatherBytesPerStep: Int
    /// Bytes each trainer gathers once: the frozen blocks.
    package var gatherBytesOnce: Int
    /// Bytes all trainers together push every step when each unit's gradient travels by itself.
    package var pushBytesPerStep: Int
    private let sparse: SparseTable?
    /// Bytes of the state files of all servers together: frozen weights, two banks of trained weights, all
    /// slots.
    package var stateBytes: Int
    /// Those of the slots: an optimizer's moments, an average.
    package var slotBytes: Int

    /// A table of whose gradient a unit sends the rows alone that it read.
    package struct SparseTable: Hashable, Sendable {
        /// Elements of the table, and of the rows that a unit reads at most.
        let count: Int
        let readByUnit: Int
    }

    /// What a part of the model with blocks of one width costs a sample.
    package struct Part: Hashable, Sendable {
        package var operations: Double
        package var width: Int
        /// Whether its result is kept of fixed views, and not computed of those that were shown before.
        var isKeptOfViews: Bool

        init(_ operations: Double, width: Int, isKeptOfViews: Bool = false) {
            (self.operations, self.width, self.isKeptOfViews) = (operations, width, isKeptOfViews)
        }
    }

    /// - Parameters:
    ///   - parameters: elements of the stage's block table.
    ///   - trainable: those of its trainable blocks.
    package init(plan: Plan, stage: StagePlan, parameters: Int, trainable: Int) {
        let element = MemoryLayout<Float>.size
        self.parameters = parameters
        self.trainable = trainable
        parts = stage.task.costParts(of: stage, in: plan)
        gatherBytesPerStep = trainable * element
        gatherBytesOnce = (parameters - trainable) * element
        sparse = stage.task.sparseTable(of: stage, in: plan)
        pushBytesPerStep = stage.unitsPerStep * Self.pushBytes(units: 1, trainable: trainable, sparse)
        slotBytes = (stage.recipe?.optimizer.slots ?? []).reduce(0) { bytes, slot in
            let scales = slot.encoding.hasScales ? trainable / SlotLayout.groupLength * element : 0
            return bytes + slot.encoding.codeWidth * trainable + scales
        }
        stateBytes = (parameters + trainable) * element + slotBytes
    }

    /// Bytes of the sum of some units' gradients: of a word table the rows that they read when all their words differ,
    /// or all of it where it travels whole.
    package func pushBytes(units: Int) -> Int { Self.pushBytes(units: units, trainable: trainable, sparse) }

    private static func pushBytes(units: Int, trainable: Int, _ sparse: SparseTable?) -> Int {
        let (read, count) = (units * (sparse?.readByUnit ?? 0), sparse?.count ?? 0)
        let unread = 2 * read < count ? count - read : 0
        return (trainable - unread) * MemoryLayout<Float>.size
    }
}
