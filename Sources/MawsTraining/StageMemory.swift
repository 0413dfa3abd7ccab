import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsSum
import MawsTensor

/// Bytes of buffers that a stage takes in a trainer, found by a rehearsal of one unit: the stage's own code says.
package struct StageMemory: Sendable {
    /// Bytes of one unit: activations, gradients of blocks, scratch memory of all threads; not its images.
    package let unitBytes: Int
    /// Bytes of each block's weights, those that are packed for products among them.
    package let blockBytes: [Int]
    /// Bytes that stay of a unit from the first phase of a step to the second; one unit's are in `unitBytes`.
    package let keptUnitBytes: Int

    /// - Parameters:
    ///   - keeps: what of a forward pass is kept for the backward pass, where there is one.
    ///   - keepsPackedWeights: whether what is packed of a block for its products stays with it.
    package init(
        plan: Plan, stage: StagePlan, compute: ComputeKind, threads: Int, keeps: KeptActivations = .everything,
        keepsPackedWeights: Bool = true
    ) throws {
        let definition = StageDefinitions.of(stage, in: plan)
        let rehearsal = BufferTally(rehearses: true)
        let (whole, kept, blocks, worker) = try rehearsal.run {
            let operands: ElementType = plan.precision == .bf16 ? .bfloat16 : .float32
            let backend = ComputeBackend.rehearsal(compute, operands: operands)
            let weights = BlockMemory(definition.table, keepsPackedWeights: keepsPackedWeights)
            let batch = UnitBatch(rehearsing: stage, plan)
            let before = rehearsal.liveByteCount
            let kept = try definition.rehearse(batch, backend, keeps, weights)
            let packed = weights.table.blocks.indices.map { weights.gather($0).packedByteCount }
            let whole = rehearsal.peakByteCount - before - packed.reduce(0, +)
            let blocks = zip(weights.buffers, packed).map { $0.bytes.count + $1 }
            return (whole, kept, blocks, backend.workerByteCount)
        }
        unitBytes = whole + (threads - 1) * worker + definition.bytesOfOtherUnits
        (blockBytes, keptUnitBytes) = (blocks, kept)
    }

    package var weightBytes: Int { blockBytes.reduce(0, +) }
}

/// Takes gradients nowhere.
final class NoGradients: GradientSink {
    func push(_ block: Int, _ gradient: FloatBuffer) {}
    func push(_ block: Int, _ gradient: SparseGradient) {}
}
