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
        let writer = try store.begin(header(index, step: StepIndex(0)))
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
            if let values = try inherited(entry, from: source) {
                for (offset, value) in values.enumerated() { weights[entry.offset + offset] = value }
            } else {
                missing.append(entry.name)
                InitialWeights.fill(entry, seed: plan.seed, stage: stage.index.value, into: weights)
            }
        }
        if let from = stage.plan.from, !block.isTrainable, !missing.isEmpty {
            throw CoordinatorError.missingParameters(stage: stage.plan.name, from: from, names: missing)
        }
        try write(weights, kind: .weight, block: index, with: writer)
        guard block.isTrainable else { return }
        let zeros = FloatBuffer(count: block.count)
        try write(zeros, kind: .firstMoment, block: index, with: writer)
        try write(zeros, kind: .secondMoment, block: index, with: writer)
    }

    private func write(_ values: FloatBuffer, kind: TensorKind, block: Int, with writer: CheckpointWriter) throws {
        try writer.write(
            kind: kind, block: block, range: 0..<values.count, bytes: UnsafeRawBufferPointer(values.bytes))
    }

    private func inherited(_ entry: ParameterEntry, from source: Checkpoint?) throws -> [Float]? {
        guard let source else { return nil }
        for name in StageModel.sourceNames(entry.name) {
            if let tensor = try source.tensor(named: name), tensor.entry.shape == entry.shape { return tensor.values }
        }
        return nil
    }
}
