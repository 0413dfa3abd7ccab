import MawsBase

/// What a run that is started goes on from: its database where that can be believed, else the newest whole checkpoint.
/// A run is never begun a second time on top of the first.
package struct StartChoice: Sendable {
    /// A finished checkpoint, as its manifest says.
    package struct Candidate: Hashable, Sendable {
        package var runID: String
        package var planHash: String
        package var position: RunPosition

        package init(runID: String, planHash: String, position: RunPosition) {
            (self.runID, self.planHash, self.position) = (runID, planHash, position)
        }
    }

    /// What the database says.
    package enum Memory: Hashable, Sendable {
        /// It cannot be read, or is not of this run.
        case damaged
        case empty
        /// `position` is nil before the first stage's first checkpoint.
        case known(runID: String, position: RunPosition?)
    }

    package enum Verdict: Hashable, Sendable {
        /// Nothing was computed yet.
        case begin
        /// The database is the truth.
        case goOn
        /// The first of these that is whole, newest first, takes the database's place; where none is, the run goes on
        /// with the database all the same, or cannot be started.
        case recover([Candidate], elseGoOn: Bool)
    }

    let planHash: String
    let stageCount: Int

    package init(planHash: String, stageCount: Int) { (self.planHash, self.stageCount) = (planHash, stageCount) }

    /// - Parameters:
    ///   - hasRecords: whether the run's folder holds anything that a run leaves.
    ///   - ended: stages that did, as the database says.
    package func verdict(
        _ memory: Memory, _ candidates: [Candidate], hasRecords: Bool, ended: Set<StageIndex>
    ) -> Verdict {
        let usable = candidates.filter { Int($0.position.stage.value) < stageCount }
            .sorted { $0.position > $1.position }
        switch memory {
        case .empty where !hasRecords: return .begin
        case .damaged, .empty: return .recover(usable.filter { $0.planHash == planHash }, elseGoOn: false)
        case .known(let runID, let position):
            let stands = position ?? RunPosition(stage: StageIndex(0), step: StepIndex(0))
            let ahead = usable.filter {
                $0.runID == runID && !ended.contains($0.position.stage) && stands < $0.position
            }
            // The first checkpoint of a stage is made before the database says that the stage begins.
            let isBehind = ahead.contains { $0.position.step.value > 0 }
            return isBehind ? .recover(ahead, elseGoOn: true) : .goOn
        }
    }

    /// A database that says another run than the checkpoints of this very plan is not believed.
    package func isForeign(runID: String, _ candidates: [Candidate]) -> Bool {
        let runs = candidates.filter { $0.planHash == planHash }.map(\.runID)
        return !runs.isEmpty && !runs.contains(runID)
    }

    /// Servers and trainers may know terms that are lost with a database, which grow by one a start: one that begins at
    /// the seconds of the clock is greater than them.
    package static func term(after known: Term?, clockSeconds: UInt64) -> Term {
        Term(max(known?.value ?? 0, clockSeconds))
    }
}
