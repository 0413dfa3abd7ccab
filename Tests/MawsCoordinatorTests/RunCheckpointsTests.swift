import Foundation
import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsFiles
import MawsProtocol
import Testing

/// Which checkpoints of a folder are this run's, and whole.
struct RunCheckpointsTests {
    @Test func oneOfAnotherRunOrStageIsNotOpened() throws {
        let run = try RunFixture()
        try run.writeCheckpoint(0, 2, runID: "another")
        let error = #expect(throws: StorageError.self) { try run.checkpoints().open(run.position(0, 2)) }
        #expect(error?.isDamage == true && "\(error.map { "\($0)" } ?? "")".contains("it belongs to run another"))
        try run.writeCheckpoint(0, 4)
        #expect(try run.checkpoints().open(run.position(0, 4)).header.step == StepIndex(4))
        // One that was given the name of another.
        try FileManager.default.copyItem(
            atPath: "\(run.paths.checkpoints)/mae-4", toPath: "\(run.paths.checkpoints)/more-2")
        let foreign = #expect(throws: StorageError.self) { try run.checkpoints().open(run.position(1, 2)) }
        #expect(foreign?.isDamage == true)
    }

    @Test func theNewestWholeOneIsFoundAndWhatIsDamagedSetAsideWithAWord() throws {
        let run = try RunFixture()
        for step in [0, 2, 4, 6] { try run.writeCheckpoint(0, UInt64(step)) }
        try run.damage("\(run.paths.checkpoints)/mae-4/optimizer.safetensors")
        var said: [String] = []
        let found = try run.checkpoints().newestWhole(of: StageIndex(0), upTo: StepIndex(5)) { said.append($0) }
        #expect(found == run.position(0, 2))
        #expect(said.count == 1 && said[0].contains("mae-4 cannot be used"))
        #expect(try run.store.latestName() == "mae-2")
        #expect(try run.store.folders().sorted() == ["mae-0", "mae-2", "mae-6"])
        #expect(try run.checkpoints().newestWhole(of: StageIndex(1), upTo: StepIndex(4)) { _ in } == nil)
    }

    @Test func anEvaluationHasItsFirstCheckpointAlone() throws {
        let run = try RunFixture()
        #expect(run.checkpoints().final(of: "mae") == run.position(0, 6))
        #expect(run.checkpoints().final(of: "more") == run.position(1, 4))
        #expect(run.checkpoints().final(of: "linear") == run.position(2, 0))
    }

    @Test func whatTheRunNeedsNoMoreIsRemoved() throws {
        let run = try RunFixture()
        for (stage, step) in [(0, 4), (0, 6), (1, 0), (1, 2), (1, 3), (1, 4)] {
            try run.writeCheckpoint(UInt32(stage), UInt64(step))
        }
        try run.checkpoints().prune(stage: StageIndex(1), ended: [])
        #expect(try run.store.folders().sorted() == ["mae-6", "more-0", "more-3", "more-4"])
        try run.checkpoints().prune(stage: StageIndex(1), ended: [StageIndex(1)])
        #expect(try run.store.folders().sorted() == ["mae-6", "more-3", "more-4"])
    }
}
