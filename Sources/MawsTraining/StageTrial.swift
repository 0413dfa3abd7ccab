import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// What one trainer computes in a step of a stage, by the stage's own code: to be timed.
package final class StageTrial {
    private let weights: BlockMemory
    private let trial: any UnitTrial

    /// - Parameters:
    ///   - batch: samples of a unit as the stage's loader makes them; some or all.
    ///   - repeatsEmbedding: what a unit's first phase computes is not kept for its second.
    ///   - keepsPackedWeights: of weights that mean nothing, see `MemoryChoice`.
    ///   - weights: nil: some that mean nothing.
    ///   - sink: takes the gradients; nil: they go nowhere.
    package init(
        plan: Plan, stage: StagePlan, batch: UnitBatch, backend: ComputeBackend, keeps: KeptActivations = .everything,
        keepsPackedWeights: Bool = true, repeatsEmbedding: Bool = false, weights given: BlockMemory? = nil,
        gradients sink: (any GradientSink)? = nil
    ) {
        let definition = StageDefinitions.of(stage, in: plan)
        weights = given ?? Self.meaningless(definition.table, keepsPackedWeights)
        trial = definition.trial(
            TrialSetting(
                batch: batch, backend: backend, keeps: keeps, repeatsEmbedding: repeatsEmbedding, weights: weights,
                gradients: sink ?? NoGradients()))
    }

    /// Another version begins: what was packed of the one before is stale.
    package func begin() {
        weights.refresh()
        beginStep()
    }

    /// Another step begins, on weights that whoever changed them has refreshed.
    package func beginStep() { trial.beginStep() }

    /// All phases of this many units, phase by phase.
    package func compute(units: Int) throws { try trial.compute(units: units) }

    /// Small numbers that differ; how long products take does not depend on them.
    private static func meaningless(_ table: BlockTable, _ keepsPackedWeights: Bool) -> BlockMemory {
        let weights = BlockMemory(table, keepsPackedWeights: keepsPackedWeights)
        var random = CounterRandom(seed: 1, purpose: .initialWeights, element: 0)
        let pattern = FloatBuffer((0..<4096).map { _ in 0.04 * random.uniform() - 0.02 })
        for buffer in weights.buffers {
            for start in stride(from: 0, to: buffer.count, by: pattern.count) {
                let count = min(pattern.count, buffer.count - start)
                (buffer.pointer + start).update(from: pattern.pointer, count: count)
            }
        }
        return weights
    }
}

/// Computes units of a stage again and again.
package protocol UnitTrial: AnyObject {
    /// What is common to the units of a step is stale.
    func beginStep()
    /// All phases of this many units, phase by phase.
    func compute(units: Int) throws
}

extension UnitTrial {
    package func beginStep() {}
}

/// What units are computed on to be timed.
package struct TrialSetting {
    let batch: UnitBatch
    let backend: ComputeBackend
    let keeps: KeptActivations
    let repeatsEmbedding: Bool
    let weights: BlockMemory
    let gradients: any GradientSink
}
