import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsRecords
import Testing

/// How fast a run goes and how long it takes still, for the live line and the status.
struct RunProgressTests {
    private let start = Moment(nanoseconds: 1_000_000_000)

    private func core(_ run: RunFixture, _ position: RunPosition) -> CoordinatorCore {
        CoordinatorCore(
            term: Term(1), runID: "run", stages: run.catalog.stages.map(\.shape), shardCount: 1, leaseSeconds: 60,
            position: position, checkpoint: position, lastCommit: nil, secret: Array(repeating: 1, count: 32),
            now: start)
    }

    /// Two steps of four images in four seconds: one image a second, and four steps are left.
    @Test func theRateOfTheLastStepsSaysHowLongTheStageTakes() throws {
        let run = try RunFixture()
        var progress = RunProgress(run: "x", catalog: run.catalog, now: start)
        for step in 1...2 {
            progress.add(images: 4)
            _ = progress.commit(loss: 1, start + 4 * Double(step))
        }
        let snapshot = progress.snapshot(
            core(run, run.position(0, 2)), peers: [:], silence: nil, productRate: 1e6, skipped: [], start + 8)
        #expect(snapshot.imagesPerSecond == 1 && snapshot.remainingSeconds == 16)
        #expect(try #require(snapshot.runRemainingSeconds) > 16)
        let cost = run.catalog[StageIndex(0)].operationsPerSample(step: 2)
        #expect(snapshot.mfu == cost / 1e6)
        #expect(snapshot.phase == nil && snapshot.loss == 1)
    }

    @Test func nothingIsForetoldBeforeAnythingIsKnown() throws {
        let run = try RunFixture()
        let progress = RunProgress(run: "x", catalog: run.catalog, now: start)
        let snapshot = progress.snapshot(
            core(run, run.position(0, 0)), peers: [:], silence: nil, productRate: 1e6, skipped: [], start)
        #expect(snapshot.imagesPerSecond == 0)
        #expect(snapshot.remainingSeconds == nil && snapshot.runRemainingSeconds == nil && snapshot.mfu == nil)
    }

    /// The last stage's end is the run's: nothing is added to it.
    @Test func theLastStagesRestIsTheRunsRest() throws {
        let run = try RunFixture()
        var progress = RunProgress(run: "x", catalog: run.catalog, now: start)
        progress.add(images: 12)
        let snapshot = progress.snapshot(
            core(run, run.position(2, 0)), peers: [:], silence: nil, productRate: 0, skipped: [], start + 6)
        #expect(snapshot.imagesPerSecond == 2 && snapshot.mfu == nil)
        #expect(try abs(#require(snapshot.remainingSeconds) - 12) < 1e-9)
        #expect(snapshot.remainingSeconds == snapshot.runRemainingSeconds)
        #expect(snapshot.phase?.hasPrefix("features 0/") == true)
    }

    @Test func theLastFiguresOfAStageAreOfItsEnd() throws {
        let run = try RunFixture()
        var progress = RunProgress(run: "x", catalog: run.catalog, now: start)
        _ = progress.commit(loss: 0.25, start + 1)
        let next = progress.snapshot(
            core(run, run.position(1, 0)), peers: [:], silence: nil, productRate: 0, skipped: [], start + 2)
        let last = progress.lastSnapshot(of: run.catalog[StageIndex(0)], next)
        #expect((last.stage, last.stageIndex, last.step, last.stepCount) == ("mae", 0, 6, 6))
        #expect(last.loss == 0.25 && last.wait == nil && last.remainingSeconds == nil)
    }

    /// A stage's figures are its own.
    @Test func aStageBeginsWithNoFigures() throws {
        let run = try RunFixture()
        var progress = RunProgress(run: "x", catalog: run.catalog, now: start)
        progress.add(images: 100)
        _ = progress.skip(loss: 3, start + 1)
        progress.beginStage(start + 2)
        let snapshot = progress.snapshot(
            core(run, run.position(1, 0)), peers: [:], silence: nil, productRate: 0, skipped: [], start + 4)
        #expect(snapshot.loss == nil && snapshot.skippedSteps == 0 && snapshot.imagesPerSecond == 0)
        #expect(progress.stageStart == start + 2)
    }
}
