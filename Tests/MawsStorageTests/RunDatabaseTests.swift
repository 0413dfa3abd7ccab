import Foundation
import Glibc
import MawsBase
import MawsDatabase
import MawsFiles
import Testing

@Suite struct RunDatabaseTests {
    @Test func excludedSamplesAndTheirTermSurviveAndAreNotRolledBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run.sqlite"
        let records = [(3, 1, 40), (3, 0, 9), (1, 5, 2)].map { step, unit, sample in
            ExcludedSampleRecord(
                stage: 0, step: UInt64(step), unit: UInt32(unit), sample: UInt64(sample), slot: 7,
                shard: "http://host/a.tar", member: "m", offset: 1 << 40, reason: "the server is silent")
        }
        let database = try RunDatabase(path: path)
        let term = try database.open(newRunID: "run", plan: []).term
        for record in records { try database.exclude(record, term: Term(term.value + 4)) }
        try database.exclude(records[0], term: term)
        try database.rollBack(to: StageIndex(0), step: StepIndex(0))
        let again = try RunDatabase(path: path)
        #expect(try again.excluded() == [records[2], records[1], records[0]])
        #expect(try again.open(newRunID: "other", plan: []).term == Term(term.value + 5))
    }

    /// Somebody looks at the run with a tool of SQLite's.
    @Test(.enabled(if: access("/usr/bin/python3", X_OK) == 0, "needs python3"))
    func anotherProcessThatLocksTheDatabaseForAMomentIsWaitedFor() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run.sqlite"
        let database = try RunDatabase(path: path)
        _ = try database.open(newRunID: "run", plan: [])
        let other = Process()
        other.executableURL = URL(filePath: "/usr/bin/python3")
        let script = """
            import sqlite3, sys, time
            run = sqlite3.connect(sys.argv[1], isolation_level=None)
            run.execute("BEGIN EXCLUSIVE")
            print("locked", flush=True)
            time.sleep(1)
            """
        other.arguments = ["-c", script, path]
        let output = Pipe()
        other.standardOutput = output
        try other.run()
        #expect(!output.fileHandleForReading.availableData.isEmpty)
        try database.keep(Term(7))
        #expect(try database.identity()?.term == Term(7))
        other.waitUntilExit()
    }

    @Test func aDatabaseThatIsCutOrOverwrittenIsDamagedAndNotEmpty() throws {
        for change in [
            { path in truncate(path, 12_288) }, { path in truncate(path, 5000) },
            { path in
                let file = fopen(path, "r+")
                fwrite(String(repeating: "nonsense", count: 1000), 1, 8000, file)
                return fclose(file)
            },
        ] as [(String) -> Int32] {
            let folder = try TemporaryFolder()
            let path = try filled(folder, steps: 300)
            #expect(change(path) == 0)
            let error = try #require(throws: StorageError.self) { _ = try RunDatabase(path: path) }
            #expect(error.isDamage && "\(error)".contains(path))
            #expect(try RunDatabase.setAside(path) == path + ".damaged")
            #expect(try RunDatabase(path: path).identity() == nil)
        }
    }

    @Test func aPositionThatItsCommitsDoNotLeadToIsDamage() throws {
        let folder = try TemporaryFolder()
        let path = try filled(folder, steps: 5)
        try RunDatabase(path: path).commit(commit(0, 7))
        let error = try #require(throws: StorageError.self) { _ = try RunDatabase(path: path) }
        #expect(error.isDamage && "\(error)".contains("do not lead to step 8"))
    }

    @Test func goingBackForgetsTheStageFromThereAndLaterOnesThatHaveNotEnded() throws {
        let folder = try TemporaryFolder()
        let database = try RunDatabase(path: try filled(folder, steps: 4))
        try database.end(StageEnd(stage: StageIndex(0), summary: "a"))
        for stage in 1...2 {
            try database.move(to: StageIndex(UInt32(stage)), step: StepIndex(0))
            for step in 0..<3 { try database.commit(commit(stage, step)) }
            if stage == 1 { try database.end(StageEnd(stage: StageIndex(1), summary: "b")) }
        }
        #expect(try database.rollBack(to: StageIndex(0), step: StepIndex(2)) == 5)
        #expect(try (0..<3).map { try database.commits(of: StageIndex(UInt32($0))).count } == [2, 3, 0])
        #expect(try database.ends().map(\.stage) == [1])
        #expect(try RunDatabase(path: folder.file("run.sqlite")).identity()?.step == StepIndex(2))
    }

    /// A stage that ended and whose checkpoints are gone is computed once more.
    @Test func aStageThatStartsAgainHasNeitherCommitsNorAnEnd() throws {
        let folder = try TemporaryFolder()
        let database = try RunDatabase(path: try filled(folder, steps: 4))
        try database.end(StageEnd(stage: StageIndex(0), summary: "a"))
        try database.move(to: StageIndex(0), step: StepIndex(0))
        #expect(try database.commits(of: StageIndex(0)).isEmpty && database.ends().isEmpty)
        #expect(try RunDatabase(path: folder.file("run.sqlite")).identity()?.step == StepIndex(0))
    }

    @Test func anEndThatIsKnownStaysAsItIs() throws {
        let folder = try TemporaryFolder()
        let database = try RunDatabase(path: try filled(folder, steps: 1))
        try database.end(StageEnd(stage: StageIndex(0), summary: "first"))
        try database.end(StageEnd(stage: StageIndex(0), summary: "second"))
        #expect(try database.ends().map(\.summary) == ["first"])
    }

    /// Some of the commits before the position may be unknown then; those after it may not.
    @Test func aRecoveredRunStandsWhereItWasPutAndGoesOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("run.sqlite")
        let database = try RunDatabase(path: path)
        let run = RunIdentity(id: "run", plan: [1], term: Term(900), stage: StageIndex(1), step: StepIndex(5))
        try database.recover(
            run, commits: [commit(0, 0), commit(1, 2), commit(1, 6)],
            ends: [StageEnd(stage: StageIndex(0), summary: "a")])
        let opened = try database.open(newRunID: "other", plan: [])
        #expect(opened.id == "run" && opened.term == Term(901) && opened.step == StepIndex(5))
        #expect(try database.commits(of: StageIndex(1)).map(\.step) == [2])
        try database.commit(commit(1, 5))
        #expect(try RunDatabase(path: path).identity()?.step == StepIndex(6))
        try database.commit(commit(1, 7))
        #expect(throws: StorageError.self) { _ = try RunDatabase(path: path) }
    }

    @Test func commitsThatLeadNowhereAreToldWithTheStagesName() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("run.sqlite")
        let database = try RunDatabase(path: path)
        _ = try database.open(newRunID: "run", plan: [])
        try database.move(to: StageIndex(1), step: StepIndex(0))
        try database.commit(commit(1, 3))
        let error = try #require(throws: StorageError.self) {
            _ = try RunDatabase(path: path, stageNames: ["mae", "wsp"])
        }
        #expect("\(error)".contains("its commits of stage wsp do not lead to step 4"))
    }

    /// SQLite itself names no file.
    @Test func aFailureNamesTheFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("none/run.sqlite")
        let error = try #require(throws: StorageError.self) { _ = try RunDatabase(path: path) }
        #expect("\(error)".contains(path) && !error.isDamage)
    }

    private func filled(_ folder: TemporaryFolder, steps: Int) throws -> String {
        let path = folder.file("run.sqlite")
        let database = try RunDatabase(path: path)
        _ = try database.open(newRunID: "run", plan: [])
        try database.move(to: StageIndex(0), step: StepIndex(0))
        for step in 0..<steps { try database.commit(commit(0, step)) }
        return path
    }

    private func commit(_ stage: Int, _ step: Int) -> CommitRecord {
        CommitRecord(
            stage: UInt32(stage), step: UInt64(step), learningRate: 0.1, clipScale: 1, gradientNorm: 2, loss: 3,
            images: 4, seconds: 5, bytesPushed: 6, bytesGathered: 7, mfu: 0.5)
    }
}
