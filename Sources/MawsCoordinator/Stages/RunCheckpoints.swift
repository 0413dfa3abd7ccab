import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsPlan
import MawsProtocol

/// The checkpoints of this run: those that can be believed, the others set aside with a sentence.
package struct RunCheckpoints: Sendable {
    package let catalog: StageCatalog
    package let store: CheckpointStore
    package let runID: String
    package let keep: Int

    package init(catalog: StageCatalog, store: CheckpointStore, runID: String, keep: Int) {
        (self.catalog, self.store, self.runID, self.keep) = (catalog, store, runID, keep)
    }

    /// Opens the checkpoint at this position. Throws `StorageError.damaged` for one of another run or model, too.
    package func open(_ position: RunPosition) throws -> Checkpoint {
        let stage = catalog[position.stage]
        let checkpoint = try store.open(name(position))
        let header = checkpoint.header
        let reason: String? =
            if header.runID != runID {
                Self.foreign(header, runID)
            } else if (header.stageIndex, header.step) != (position.stage, position.step) {
                "it is of step \(header.step.value) of stage \(header.stageName)"
            } else if header.table != stage.table {
                "it holds another model than stage \(stage.plan.name) of the plan"
            } else {
                nil
            }
        if let reason { throw StorageError.damaged(path: checkpoint.folder, reason: reason) }
        return checkpoint
    }

    package func name(_ position: RunPosition) -> String {
        "\(catalog[position.stage].plan.name)-\(position.step.value)"
    }

    /// The newest checkpoint of a stage whose every byte is right. Newer ones that are not are set aside.
    package func newestWhole(of stage: StageIndex, upTo step: StepIndex, say: (String) -> Void) throws -> RunPosition? {
        let positions = try store.steps(of: catalog[stage].plan.name).filter { $0 <= step }
            .map { RunPosition(stage: stage, step: $0) }
        let whole = try positions.first { try isWhole($0, say: say) }
        if let whole, whole != positions.first { try store.makeLatest(name(whole)) }
        return whole
    }

    /// Takes what other runs left in the folder out of the way of this one's checkpoints.
    package func setForeignAside(say: (String) -> Void) throws {
        for header in try store.headers() where header.runID != runID {
            let error = StorageError.damaged(
                path: "\(store.folder)/\(header.name)", reason: Self.foreign(header, runID))
            try setAside(header.name, because: error, say: say)
        }
    }

    private static func foreign(_ header: CheckpointHeader, _ runID: String) -> String {
        "it belongs to run \(header.runID), this one is \(runID)"
    }

    private func setAside(_ name: String, because error: StorageError, say: (String) -> Void) throws {
        let place = try store.setAside(name)
        say(
            "checkpoint \(name) cannot be used: \(error)"
                + (place.map { " It was set aside as \($0); remove it when you have seen it." } ?? ""))
    }

    /// Whether every byte of this checkpoint is right. One that is not is set aside, and a sentence says why.
    package func isWhole(_ position: RunPosition, say: (String) -> Void) throws -> Bool {
        do {
            try open(position).verify()
            return true
        } catch let error as StorageError where error.isDamage {
            try setAside(name(position), because: error, say: say)
            return false
        }
    }

    /// The checkpoint that ended a stage; an evaluation has none but its first.
    package func final(of stageName: String) -> RunPosition {
        guard let stage = catalog.stages.first(where: { $0.plan.name == stageName }) else {
            preconditionFailure("the plan's check let an unknown stage \(stageName) through")
        }
        return RunPosition(stage: stage.index, step: StepIndex(stage.shape.commits ? stage.shape.stepCount : 0))
    }

    /// Removes what the run needs no more.
    /// - Parameter ended: stages that did, besides those before this one.
    package func prune(stage: StageIndex, ended: Set<StageIndex>) throws {
        let headers = try store.headers().filter { Int($0.stageIndex.value) < catalog.stages.count }
        let present = Dictionary(
            headers.map { (RunPosition(stage: $0.stageIndex, step: $0.step), $0.name) }, uniquingKeysWith: { $1 })
        let latest = try store.latestName()
        let retention = CheckpointRetention(stages: catalog.stages.map(\.shape), keep: keep)
        let removable = retention.removable(
            Array(present.keys), latest: present.first { $0.value == latest }?.key, stage: stage, ended: ended)
        try store.remove(removable.compactMap { present[$0] })
    }
}

/// A stage cannot be prepared: the final checkpoint of the one that it starts from is damaged or gone.
package struct DamagedSource: Error {
    package let stage: StageIndex
    package let sentence: String
}
