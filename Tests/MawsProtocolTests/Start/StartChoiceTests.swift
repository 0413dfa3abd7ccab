import MawsBase
import MawsProtocol
import Testing

/// What a start goes on from, whatever is there and whatever is gone.
struct StartChoiceTests {
    private let choice = StartChoice(planHash: "plan", stageCount: 3)

    private func at(_ stage: UInt32, _ step: UInt64) -> RunPosition {
        RunPosition(stage: StageIndex(stage), step: StepIndex(step))
    }

    private func candidate(_ stage: UInt32, _ step: UInt64, run: String = "run", plan: String = "plan")
        -> StartChoice.Candidate
    {
        StartChoice.Candidate(runID: run, planHash: plan, position: at(stage, step))
    }

    private func verdict(
        _ memory: StartChoice.Memory, _ candidates: [StartChoice.Candidate] = [], hasRecords: Bool = true,
        ended: [UInt32] = []
    ) -> StartChoice.Verdict {
        choice.verdict(memory, candidates, hasRecords: hasRecords, ended: Set(ended.map { StageIndex($0) }))
    }

    @Test func anEmptyFolderIsANewRun() {
        #expect(verdict(.empty, hasRecords: false) == .begin)
    }

    /// Metrics or checkpoints without a database: the first run's work is not begun anew on top of it.
    @Test func recordsWithoutADatabaseAreNeverANewRun() {
        #expect(verdict(.empty) == .recover([], elseGoOn: false))
        #expect(
            verdict(.empty, [candidate(0, 2), candidate(1, 0), candidate(0, 4)])
                == .recover([candidate(1, 0), candidate(0, 4), candidate(0, 2)], elseGoOn: false))
    }

    @Test func aDamagedDatabaseIsMadeFromCheckpointsOfThisPlanAlone() {
        let others = [candidate(2, 9, plan: "other"), candidate(9, 1)]
        #expect(
            verdict(.damaged, [candidate(0, 2)] + others, hasRecords: false)
                == .recover([candidate(0, 2)], elseGoOn: false))
    }

    @Test func aDatabaseThatKnowsAllCheckpointsIsTheTruth() {
        let known = StartChoice.Memory.known(runID: "run", position: at(1, 4))
        #expect(verdict(known, [candidate(1, 4), candidate(1, 2), candidate(0, 8)], ended: [0]) == .goOn)
        #expect(verdict(.known(runID: "run", position: nil)) == .goOn)
    }

    /// The folder, or the database alone, was put back from an earlier time.
    @Test func aDatabaseThatIsOlderThanTheCheckpointsIsNotBelieved() {
        let known = StartChoice.Memory.known(runID: "run", position: at(1, 4))
        #expect(
            verdict(known, [candidate(1, 6), candidate(2, 0), candidate(1, 4)], ended: [0])
                == .recover([candidate(2, 0), candidate(1, 6)], elseGoOn: true))
    }

    /// A coordinator that died between a stage's first checkpoint and the record that the stage begins.
    @Test func theFirstCheckpointOfTheNextStageIsNoSignOfAnOldDatabase() {
        let known = StartChoice.Memory.known(runID: "run", position: at(0, 8))
        #expect(verdict(known, [candidate(0, 8), candidate(1, 0)], ended: [0]) == .goOn)
        #expect(verdict(.known(runID: "run", position: nil), [candidate(0, 0)]) == .goOn)
    }

    /// A run that went back to repair a stage is behind the later stages that ended.
    @Test func finalCheckpointsOfStagesThatEndedAreNoSignEither() {
        let known = StartChoice.Memory.known(runID: "run", position: at(0, 2))
        #expect(verdict(known, [candidate(0, 2), candidate(1, 8)], ended: [1]) == .goOn)
    }

    @Test func checkpointsOfOtherRunsAreNoSign() {
        let known = StartChoice.Memory.known(runID: "run", position: at(0, 2))
        #expect(verdict(known, [candidate(0, 6, run: "other")]) == .goOn)
    }

    @Test func aDatabaseOfAnotherRunThanThePlansCheckpointsIsForeign() {
        #expect(choice.isForeign(runID: "run", [candidate(0, 2, run: "other")]))
        #expect(!choice.isForeign(runID: "run", [candidate(0, 2, run: "other"), candidate(0, 1)]))
        #expect(!choice.isForeign(runID: "run", [candidate(0, 2, run: "other", plan: "other")]))
        #expect(!choice.isForeign(runID: "run", []))
    }

    @Test func aTermAfterALostDatabaseIsAboveAllThatWereGiven() {
        #expect(StartChoice.term(after: nil, clockSeconds: 1_800_000_000) == Term(1_800_000_000))
        #expect(StartChoice.term(after: Term(7), clockSeconds: 1_800_000_000) == Term(1_800_000_000))
        // A clock that was set back.
        #expect(StartChoice.term(after: Term(1_900_000_000), clockSeconds: 5) == Term(1_900_000_000))
    }
}
