import Foundation
import MawsBase
import MawsModel
import MawsPlan
import MawsProtocol
import MawsStorage
import MawsTensor

/// Makes the checkpoint a stage starts from: parameters of an earlier stage where the plan says so, initial values for
/// the rest, moments of zero. Start, transition and resumption are then one mechanism: restoring a checkpoint.
struct StagePreparation: Sendable {
    let plan: Plan
    let planHash: String
    let runID: String
    let catalog: StageCatalog
    let store: CheckpointStore

    func header(_ index: StageIndex, step: StepIndex) -> CheckpointHeader {
        let stage = catalog[index]
        return CheckpointHeader(
            runID: runID, stageName: stage.plan.name, stageIndex: index, step: step, planHash: planHash,
            table: stage.table)
    }

    /// Writes `<stage>-0` and returns it.
    @discardableResult
    func prepare(_ index: StageIndex) throws -> Checkpoint {
        let stage = catalog[index]
        let source = try stage.plan.from.map { try finalCheckpoint(of: $0) }
        let writer = try store.begin(header(index, step: StepIndex(0)), momentsAreZero: true)
        do {
            for block in stage.table.blocks.indices {
                try write(block, of: stage, from: source, with: writer)
            }
            return try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }

    /// The checkpoint that ended a stage; an evaluation has none but its first.
    func finalCheckpoint(of stageName: String) throws -> Checkpoint {
        guard let stage = catalog.stages.first(where: { $0.plan.name == stageName }) else {
            preconditionFailure("the plan's check let an unknown stage \(stageName) through")
        }
        let steps = stage.shape.commits ? stage.shape.stepCount : 0
        return try store.open("\(stageName)-\(steps)")
    }

    private func write(
        _ index: Int, of stage: StageCatalog.Stage, from source: Checkpoint?, with writer: CheckpointWriter
    ) throws {
        let block = stage.table.blocks[index]
        let weights = FloatBuffer(count: block.count)
        var missing: [String] = []
        for entry in block.entries {
            if try !inherit(entry, from: source, into: weights) {
                missing.append(entry.name)
                InitialWeights.fill(entry, seed: plan.seed, stage: stage.index.value, into: weights)
            }
        }
        if let from = stage.plan.from, !block.isTrainable, !missing.isEmpty {
            throw CoordinatorError.missingParameters(stage: stage.plan.name, from: from, names: missing)
        }
        try writer.write(
            kind: .weight, block: index, range: 0..<block.count, bytes: UnsafeRawBufferPointer(weights.bytes))
    }

    /// Whether the source has the parameter, whose values are in its block's buffer then.
    private func inherit(_ entry: ParameterEntry, from source: Checkpoint?, into weights: FloatBuffer) throws -> Bool {
        guard let source else { return false }
        for name in StageModel.sourceNames(entry.name) {
            guard let (block, found) = source.place(of: name), found.shape == entry.shape else { continue }
            try source.read(kind: .weight, block: block, range: found.range, into: weights.bytes(of: entry.range))
            return true
        }
        return false
    }
}
