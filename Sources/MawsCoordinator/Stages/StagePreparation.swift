import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsModel
import MawsPlan
import MawsProtocol
import MawsTensor
import MawsTraining

/// Makes the checkpoint a stage starts from: parameters of an earlier stage where the plan says so, initial values for
/// the rest; slots are zero, averages copies. Start, transition and resumption are then one mechanism: restoring a
/// checkpoint.
package struct StagePreparation: Sendable {
    package let plan: Plan
    package let planHash: String
    package let runID: String
    package let catalog: StageCatalog
    package let checkpoints: RunCheckpoints

    package init(plan: Plan, planHash: String, runID: String, catalog: StageCatalog, checkpoints: RunCheckpoints) {
        (self.plan, self.planHash, self.runID) = (plan, planHash, runID)
        (self.catalog, self.checkpoints) = (catalog, checkpoints)
    }

    package func header(_ index: StageIndex, step: StepIndex, computeProfile: String?) -> CheckpointHeader {
        let stage = catalog[index]
        return CheckpointHeader(
            runID: runID, stageName: stage.plan.name, stageIndex: index, step: step, planHash: planHash,
            table: stage.table, computeProfile: computeProfile)
    }

    /// Writes `<stage>-0` and returns it. Throws `DamagedSource` before anything counts where a byte that it takes over
    /// is not what was written.
    @discardableResult
    package func prepare(_ index: StageIndex) throws -> Checkpoint {
        let stage = catalog[index]
        let source = try stage.plan.from.map { try self.source(of: stage, named: $0) }
        let writer = try checkpoints.store.begin(
            header(index, step: StepIndex(0), computeProfile: source?.header.computeProfile), isBeginning: true)
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

    private func source(of stage: StageCatalog.Stage, named name: String) throws -> Checkpoint {
        let position = checkpoints.final(of: name)
        return try reading(position.stage, for: stage) { try checkpoints.open(position) }
    }

    /// What is wrong with a source is its stage's to repair.
    private func reading<Result>(_ source: StageIndex, for stage: StageCatalog.Stage, _ body: () throws -> Result)
        throws -> Result
    {
        do {
            return try body()
        } catch let error as StorageError where error.isDamage {
            throw DamagedSource(
                stage: source,
                sentence: "stage \(stage.plan.name) cannot start from the final checkpoint of "
                    + "\(catalog[source].plan.name): \(error)")
        }
    }

    private func write(
        _ index: Int, of stage: StageCatalog.Stage, from source: Checkpoint?, with writer: CheckpointWriter
    ) throws {
        let block = stage.table.blocks[index]
        let weights = FloatBuffer(count: block.count)
        var missing: [String] = []
        for entry in block.entries {
            if try !inherit(entry, of: stage, from: source, into: weights) {
                missing.append(entry.name)
                InitialWeights.fill(entry, seed: plan.seed, stage: stage.index.value, into: weights)
            }
        }
        if let from = stage.plan.from, !block.isTrainable, !missing.isEmpty {
            throw CoordinatorError.missingParameters(stage: stage.plan.name, from: from, names: missing)
        }
        // A slot that does not start at zero starts as a copy of the weight.
        for part in block.restoredParts(at: StepIndex(0)) {
            try writer.write(part, block: index, range: 0..<block.count, bytes: UnsafeRawBufferPointer(weights.bytes))
        }
    }

    /// Whether the source has the parameter, whose values are in its block's buffer then. A table of positions of
    /// another grid is brought to this one's; any other of another shape is no parameter to start from, nor to forget.
    private func inherit(
        _ entry: ParameterEntry, of stage: StageCatalog.Stage, from source: Checkpoint?, into weights: FloatBuffer
    ) throws -> Bool {
        guard let source else { return false }
        for name in StageModel.sourceNames(entry.name) {
            guard let (block, found) = source.place(of: name) else { continue }
            guard found.shape == entry.shape || PositionTable.canBecome(entry, from: found) else {
                throw CoordinatorError.otherShape(
                    stage: stage.plan.name, name: entry.name, shape: entry.shape, from: source.name, found: found.shape)
            }
            let isAverage = stage.plan.weights == .ema && source.header.table.blocks[block].isTrainable
            let part: WeightPart = isAverage ? .slot(WeightSlot.averageName) : .weight
            let values = found.shape == entry.shape ? nil : FloatBuffer(count: found.count)
            try reading(source.header.stageIndex, for: stage) {
                let bytes = values.map { $0.bytes(of: 0..<found.count) } ?? weights.bytes(of: entry.range)
                try source.read(part, block: block, range: found.range, into: bytes)
            }
            if let values { PositionTable.fill(weights.slice(entry.range), entry, from: values.all, found) }
            return true
        }
        return false
    }
}
