import MawsBase
import MawsStorage
import Testing

@Suite struct RunDatabaseTests {
    @Test func passedSamplesAndTheirTermSurviveAndAreNotRolledBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/run.sqlite"
        let records = [(3, 1, 40), (3, 0, 9), (1, 5, 2)].map { step, unit, sample in
            PassedSampleRecord(
                stage: 0, step: UInt64(step), unit: UInt32(unit), sample: UInt64(sample), slot: 7,
                shard: "http://host/a.tar", member: "m", offset: 1 << 40, reason: "the server is silent")
        }
        let database = try RunDatabase(path: path)
        let term = try database.open(newRunID: "run", plan: []).term
        for record in records { try database.pass(record, term: Term(term.value + 4)) }
        try database.pass(records[0], term: term)
        try database.rollBack(to: StageIndex(0), step: StepIndex(0))
        let again = try RunDatabase(path: path)
        #expect(try again.passed() == [records[2], records[1], records[0]])
        #expect(try again.open(newRunID: "other", plan: []).term == Term(term.value + 5))
    }
}
