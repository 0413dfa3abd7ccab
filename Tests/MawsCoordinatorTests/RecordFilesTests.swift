import Foundation
import MawsBase
import MawsCoordinator
import MawsDatabase
import MawsFiles
import MawsRecords
import Testing

/// The files that people and tools read say what the database says, whatever became of them.
struct RecordFilesTests {
    private func agreed(_ run: RunFixture, _ database: RunDatabase) throws -> String? {
        try RecordFiles(paths: run.paths, catalog: run.catalog, database: database).agree()
    }

    private func lines(_ run: RunFixture) throws -> [String] {
        try String(contentsOfFile: run.paths.metrics, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test func filesThatAgreeAreLeftAsTheyAre() throws {
        let run = try RunFixture()
        let database = try run.open().database
        try run.fill(database, steps: 3)
        #expect(try agreed(run, database) != nil)
        let before = try FileManager.default.attributesOfItem(atPath: run.paths.metrics)[.systemFileNumber] as? Int
        #expect(try agreed(run, database) == nil)
        let after = try FileManager.default.attributesOfItem(atPath: run.paths.metrics)[.systemFileNumber] as? Int
        #expect(before == after && before != nil)
    }

    @Test func aStepThatIsMissingComesBackAndOneThatIsNotCommittedGoes() throws {
        let run = try RunFixture()
        let database = try run.open().database
        try run.fill(database, steps: 3)
        _ = try agreed(run, database)
        var kept = try lines(run)
        kept.remove(at: 1)
        kept.append(kept[1].replacingOccurrences(of: "\"step\":2", with: "\"step\":3"))
        try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: run.paths.metrics))
        let sentence = try agreed(run, database)
        #expect(sentence?.contains("1 committed steps were missing in it, 1 of its steps are not committed") == true)
        #expect(try run.metrics().map(\.step) == [0, 1, 2])
    }

    /// What a process that was killed in the middle of a line leaves.
    @Test func aTornLineIsMadeWholeWithoutAWordWhereNothingIsMissing() throws {
        let run = try RunFixture()
        let database = try run.open().database
        try run.fill(database, steps: 2)
        _ = try agreed(run, database)
        let text = try lines(run).joined(separator: "\n") + "\n{\"stage\":\"mae\",\"st"
        try Data(text.utf8).write(to: URL(fileURLWithPath: run.paths.metrics))
        #expect(try agreed(run, database) == nil)
        #expect(try lines(run).count == 2)
    }

    @Test func stagesAreListedOnceInThePlansOrder() throws {
        let run = try RunFixture()
        let database = try run.open().database
        for (index, name) in [(1, "more"), (0, "mae"), (0, "again")] {
            try database.end(StageEnd(stage: StageIndex(UInt32(index)), summary: "{\"stage\":\"\(name)\"}"))
        }
        _ = try agreed(run, database)
        #expect(
            try String(contentsOfFile: run.paths.stages, encoding: .utf8)
                == "{\"stage\":\"mae\"}\n{\"stage\":\"more\"}\n")
    }
}
