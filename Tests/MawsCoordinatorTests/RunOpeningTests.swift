import Foundation
import MawsBase
import MawsCoordinator
import MawsDatabase
import MawsFiles
import MawsProtocol
import MawsRecords
import Testing

/// What a start makes of the folder that it finds.
struct RunOpeningTests {
    @Test func anEmptyFolderIsANewRunAndOpenedAgainTheSame() throws {
        let run = try RunFixture()
        let first = try identity(of: run)
        #expect(first.stage == nil)
        let second = try identity(of: run)
        #expect(second.id == first.id && second.term > first.term)
        #expect(!run.said.contains("warning"))
    }

    /// What the run is after a start, which is over then.
    private func identity(of run: RunFixture) throws -> RunIdentity { try run.open().identity }

    @Test func anotherPlanIsRefusedWithWhatChanged() throws {
        let run = try RunFixture()
        _ = try run.open()
        let error = #expect(throws: CoordinatorError.self) { try RunFixture(seed: 4, in: run).open() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("seed"))
    }

    @Test func aLostDatabaseIsMadeFromTheNewestCheckpointAndTheMetrics() throws {
        let run = try RunFixture()
        let earlier = try run.open()
        try run.fill(earlier.database, steps: 5)
        _ = try RecordFiles(paths: run.paths, catalog: run.catalog, database: earlier.database).agree()
        for step in [0, 2, 4] { try run.writeCheckpoint(0, UInt64(step), runID: earlier.identity.id) }
        try removeDatabase(run)
        let opened = try run.open()
        #expect(opened.isRecovered && opened.identity.id == earlier.identity.id)
        #expect(opened.identity.stage == StageIndex(0) && opened.identity.step == StepIndex(4))
        #expect(opened.identity.term > earlier.identity.term)
        #expect(try opened.database.commits(of: StageIndex(0)).map(\.step) == [0, 1, 2, 3])
        #expect(run.said.contains("checkpoint mae-4") && run.said.contains("1 later steps in metrics.jsonl"))
        #expect(try run.metrics().map(\.step) == [0, 1, 2, 3])
    }

    /// A run is never begun a second time on top of the first.
    @Test func recordsThatNothingCanGoOnFromAreRefused() throws {
        let run = try RunFixture()
        let earlier = try run.open()
        try run.fill(earlier.database, steps: 1)
        _ = try RecordFiles(paths: run.paths, catalog: run.catalog, database: earlier.database).agree()
        try removeDatabase(run)
        let error = #expect(throws: CoordinatorError.self) { try run.open() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("is gone or empty"))
        #expect(try run.metrics().count == 1)
    }

    @Test func aDamagedCheckpointIsSetAsideAndTheOlderOneIsUsed() throws {
        let run = try RunFixture()
        let earlier = try run.open()
        try run.fill(earlier.database, steps: 4)
        for step in [0, 2, 4] { try run.writeCheckpoint(0, UInt64(step), runID: earlier.identity.id) }
        try removeDatabase(run)
        try run.damage("\(run.paths.checkpoints)/mae-4/weights.safetensors")
        let opened = try run.open()
        #expect(opened.identity.step == StepIndex(2))
        #expect(try Folder.names(in: run.paths.checkpoints).contains("mae-4.damaged"))
        #expect(run.said.contains("mae-4 cannot be used"))
    }

    @Test func aDatabaseOlderThanTheCheckpointsIsNotBelieved() throws {
        let run = try RunFixture()
        let opened = try run.open()
        try run.fill(opened.database, steps: 2)
        for step in [0, 2, 4] { try run.writeCheckpoint(0, UInt64(step), runID: opened.identity.id) }
        let again = try run.open()
        #expect(again.isRecovered && again.identity.step == StepIndex(4))
        #expect(run.said.contains("is older than the run's checkpoints"))
    }

    @Test func aDatabaseThatIsNoneIsSetAsideBesideTheOneThatIsMade() throws {
        let run = try RunFixture()
        let earlier = try run.open()
        try run.fill(earlier.database, steps: 2)
        for step in [0, 2] { try run.writeCheckpoint(0, UInt64(step), runID: earlier.identity.id) }
        try removeDatabase(run)
        try Data("this is no database, whatever it is called".utf8).write(to: URL(fileURLWithPath: run.paths.database))
        let opened = try run.open()
        #expect(opened.isRecovered && opened.identity.step == StepIndex(2))
        #expect(run.said.contains("It was set aside as"))
    }

    @Test func checkpointsOfOtherRunsAndHalfMadeOnesAreOutOfTheWay() throws {
        let run = try RunFixture()
        let opened = try run.open()
        try run.fill(opened.database, steps: 2)
        try run.writeCheckpoint(0, 2, runID: opened.identity.id)
        try run.writeCheckpoint(0, 0, runID: "another")
        try Folder.make("\(run.paths.checkpoints)/mae-4.partial")
        _ = try run.open()
        let names = try Folder.names(in: run.paths.checkpoints)
        #expect(names.contains("mae-0.damaged") && names.contains("mae-2"))
        #expect(!names.contains("mae-0") && !names.contains("mae-4.partial"))
        #expect(run.said.contains("it belongs to run another"))
    }

    private func removeDatabase(_ run: RunFixture) throws {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: run.paths.database + suffix) }
    }
}
