import Foundation
import MawsBase
import MawsCoordinator
import MawsDatabase
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsWire
import Testing

/// What counts of units' words, and when samples that cannot be read are too many. Of twelve samples a tenth may be.
struct RunRecorderTests {
    private func recorder(_ run: RunFixture, excluded: [ExcludedSample] = []) throws -> RunRecorder {
        try RunRecorder(paths: run.paths, catalog: run.catalog, excluded: excluded)
    }

    private func done(_ unit: UInt32 = 0, stage: UInt32 = 0, skipped: [String] = [], result: String = "") -> UnitDone {
        UnitDone(
            lease: 1, stage: StageIndex(stage), step: StepIndex(0), phase: 0, unit: UnitIndex(unit), loss: 1,
            skipped: skipped, result: Array(result.utf8), computeSeconds: 1, waitSeconds: 0)
    }

    private func lost(_ offset: UInt64, in run: RunFixture) -> ExcludedSample {
        ExcludedSample(
            position: run.position(0, 0), unit: UnitIndex(0),
            lost: LostSample(
                slot: 0, index: offset, shard: "images.tar", member: "\(offset)", offset: offset, reason: "gone"))
    }

    @Test func aSampleIsWrittenDownOnceHoweverOftenItComesUp() throws {
        let run = try RunFixture()
        let recorder = try recorder(run)
        #expect(try recorder.unit(done(skipped: ["a"])) == ["a"])
        #expect(try recorder.unit(done(1, skipped: ["a"])) == [])
        #expect(recorder.unreadable(of: StageIndex(0)) == ["a"])
        #expect(try RunFolder(run.plan.run).skippedSamples() == [SkippedSampleRecord(stage: "mae", sample: "a")])
    }

    /// What is said at the end of a stage is what the report says of it: whatever earlier stages left out, and whoever
    /// was asked before a new start.
    @Test func everyStageCountsWhatItLeftOutItself() throws {
        let run = try RunFixture()
        let first = try recorder(run)
        #expect(try first.unit(done(skipped: ["a"])) == ["a"])
        #expect(try first.unit(done(stage: 1, skipped: ["a"])) == ["a"])
        #expect(try first.skipped(of: StageIndex(1)) == ["a"])
        let second = try recorder(run)
        #expect(try second.unit(done(1, skipped: ["a"])) == [])
        let text = try String(contentsOfFile: run.paths.skipped, encoding: .utf8)
        #expect(text.split(separator: "\n").count == 2)
        #expect(try second.skipped(of: StageIndex(0)) == ["a"])
        #expect(try second.skipped(of: StageIndex(2)) == [])
    }

    @Test func oneMoreThanTheSplitAllowsEndsTheRunAndIsNamed() throws {
        let run = try RunFixture()
        let recorder = try recorder(run)
        _ = try recorder.unit(done(skipped: ["a"]))
        let error = #expect(throws: CoordinatorError.self) { try recorder.unit(done(1, skipped: ["b"])) }
        #expect(
            error == .tooManySkipped(stage: "mae", skipped: 2, allowed: 1, list: ["a", "b"]),
            "\(String(describing: error))")
        // Another stage counts its own.
        _ = try recorder.unit(done(stage: 1, skipped: ["c"]))
    }

    /// One that nobody got counts like one that cannot be read, those of earlier starts too.
    @Test func samplesThatNobodyGotCountWithThem() throws {
        let run = try RunFixture()
        let recorder = try recorder(run, excluded: [lost(512, in: run)])
        try recorder.exclude(lost(512, in: run))
        #expect(recorder.unreadable(of: StageIndex(0)).count == 1)
        #expect(throws: CoordinatorError.self) { try recorder.exclude(lost(1024, in: run)) }
        #expect(throws: CoordinatorError.self) { try recorder.unit(done(skipped: ["a"])) }
    }

    /// One trainer's word does not use up what the run may skip.
    @Test func aTrainerThatAloneFindsTooManyIsAtFault() throws {
        let run = try RunFixture()
        let recorder = try recorder(run)
        let many = done(skipped: ["a", "b"])
        let fault = recorder.fault(of: many, from: PeerID(1), hasOthers: true)
        #expect(fault == .unreadableSamples(own: 2, others: 0))
        #expect(recorder.fault(of: many, from: PeerID(1), hasOthers: false) == nil)
        #expect(recorder.fault(of: done(skipped: ["a"]), from: PeerID(2), hasOthers: true) == nil)
    }

    /// What a trainer found before others came is not undone with what one of them says.
    @Test func whatATrainerFoundAloneStaysItsOwnWhenOthersCome() throws {
        let run = try RunFixture()
        let recorder = try recorder(run)
        let first = done(skipped: ["a"])
        #expect(recorder.fault(of: first, from: PeerID(1), hasOthers: false) == nil)
        _ = try recorder.unit(first)
        let fault = recorder.fault(of: done(1, skipped: ["b", "c"]), from: PeerID(2), hasOthers: true)
        #expect(fault == .unreadableSamples(own: 2, others: 1))
        #expect(recorder.unreadable(of: StageIndex(0)) == ["a"])
    }

    @Test(arguments: [(0, "{}"), (2, "{"), (2, "[]")])
    func aResultThatIsNotWhatTheStageHasIsRefused(stage: UInt32, result: String) throws {
        let run = try RunFixture()
        let recorder = try recorder(run)
        let fault = recorder.fault(of: done(stage: stage, result: result), from: PeerID(1), hasOthers: true)
        guard case .falseResult(unit: 0, stage: run.plan.stages[Int(stage)].name, _) = fault else {
            return #expect(Bool(false), "\(String(describing: fault))")
        }
    }

    @Test func aUnitOfNoStageIsRefused() throws {
        let recorder = try recorder(RunFixture())
        #expect(recorder.fault(of: done(stage: 3), from: PeerID(1), hasOthers: false) == .unitOfNoStage)
    }

    /// The file is written anew when the run goes back: what comes after goes to the new one.
    @Test func stepsAfterARollBackGoToTheFileThatIsThere() throws {
        let run = try RunFixture()
        let database = try run.open().database
        let recorder = try recorder(run)
        try run.fill(database, steps: 2)
        for step in 0..<2 { try recorder.step(run.commit(0, UInt64(step))) }
        try database.rollBack(to: StageIndex(0), step: StepIndex(1))
        try recorder.forgetSteps {
            try RecordFiles(paths: run.paths, catalog: run.catalog, database: database).agree()
        }
        try recorder.step(run.commit(0, 1))
        #expect(try run.metrics().map(\.step) == [0, 1])
        let text = try String(contentsOfFile: run.paths.metrics, encoding: .utf8)
        #expect(text.split(separator: "\n").count == 2)
    }

    @Test func aStageIsSummedUpFromItsCommits() throws {
        let run = try RunFixture()
        let recorder = try recorder(run)
        let commits = (0..<3).map { run.commit(0, $0) }
        let (summary, evaluation) = try recorder.summary(
            StageIndex(0), commits: commits, seconds: 99, weightsHash: "ab")
        #expect((summary.stage, summary.kind, summary.steps, summary.images) == ("mae", "mae", 3, 12))
        #expect((summary.seconds, summary.bytesPushed, summary.loss) == (0.75, 30, 1.0 / 3))
        #expect(summary.weightsHash == "ab" && evaluation == nil)
    }
}
