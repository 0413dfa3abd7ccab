import Foundation
import Glibc
import MawsBase
import MawsDatabase
import MawsFiles
import Testing

/// Databases of earlier and later versions, of processes that were killed, and those that somebody has open.
@Suite(.enabled(if: access("/usr/bin/python3", X_OK) == 0, "needs python3"))
struct DatabaseFormatTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("run.sqlite") }

    init() throws { folder = try TemporaryFolder() }

    /// Runs Python's SQLite, another program than this one, on the database. `run` is the connection.
    @discardableResult
    private func sqlite(_ script: String) throws -> String {
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = [
            "-c", "import sqlite3, sys, os\nrun = sqlite3.connect(sys.argv[1], isolation_level=None)\n" + script, path,
        ]
        let output = Pipe()
        python.standardOutput = output
        try python.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        python.waitUntilExit()
        return text.trimmingCharacters(in: .newlines)
    }

    private func commit(_ step: Int, mfu: Double? = nil) -> CommitRecord {
        CommitRecord(
            stage: 0, step: UInt64(step), learningRate: 0.1, clipScale: 1, gradientNorm: 2, loss: 3, images: 4,
            seconds: 5, bytesPushed: 6, bytesGathered: 7, mfu: mfu)
    }

    /// As the first version made it: no profile, no first commit, no utilisation, no excluded samples.
    private static let firstVersion = """
        run.execute("PRAGMA journal_mode = WAL")
        run.execute('''CREATE TABLE run (key INTEGER PRIMARY KEY CHECK (key = 1), id TEXT NOT NULL, plan BLOB NOT NULL,
            term INTEGER NOT NULL, stage INTEGER, step INTEGER)''')
        run.execute('''CREATE TABLE commitRecord (stage INTEGER NOT NULL, step INTEGER NOT NULL,
            learningRate REAL NOT NULL, clipScale REAL NOT NULL, gradientNorm REAL NOT NULL, loss REAL NOT NULL,
            images INTEGER NOT NULL, seconds REAL NOT NULL, bytesPushed INTEGER NOT NULL,
            bytesGathered INTEGER NOT NULL, PRIMARY KEY (stage, step))''')
        run.execute("INSERT INTO run VALUES (1, 'old', x'07', 3, 0, 2)")
        for step in range(2):
            run.execute("INSERT INTO commitRecord VALUES (0, ?, .1, 1, 2, 3, 4, 5, 6, 7)", (step,))

        """

    @Test func aDatabaseOfTheFirstVersionGoesOn() throws {
        try sqlite(Self.firstVersion)
        let database = try RunDatabase(path: path)
        let run = try database.open(newRunID: "new", plan: [1])
        #expect(run.id == "old" && run.plan == [7] && run.term == Term(4) && run.step == StepIndex(2))
        #expect(try database.commits(of: StageIndex(0)) == [commit(0), commit(1)])
        try database.commit(commit(2, mfu: 0.25))
        try database.setComputeProfile("profile")
        let again = try RunDatabase(path: path)
        #expect(try again.lastCommit(of: StageIndex(0)) == commit(2, mfu: 0.25))
        #expect(try again.identity()?.computeProfile == "profile" && again.excluded().isEmpty)
    }

    @Test func theUtilisationThatAnEarlierVersionKeptIsKept() throws {
        try sqlite(
            Self.firstVersion + """
                run.execute("ALTER TABLE commitRecord ADD COLUMN utilisation REAL")
                run.execute("UPDATE commitRecord SET utilisation = 0.5 WHERE step = 1")
                """)
        for _ in 0..<2 {
            #expect(try RunDatabase(path: path).commits(of: StageIndex(0)).map(\.mfu) == [nil, 0.5])
        }
    }

    /// It is neither changed nor taken for damaged: the version that made it can go on.
    @Test func aDatabaseOfALaterVersionIsLeftAsItIs() throws {
        _ = try RunDatabase(path: path).open(newRunID: "run", plan: [])
        try sqlite("run.execute('ALTER TABLE run RENAME TO runs')\nrun.execute('PRAGMA user_version = 9')")
        let error = try #require(throws: StorageError.self) { _ = try RunDatabase(path: path) }
        #expect(error == .newerFormat(path: path, format: 9) && !error.isDamage)
        let tables = try sqlite("print(*[row[0] for row in run.execute('SELECT name FROM sqlite_master')])")
        #expect(tables.contains("runs") && !tables.split(separator: " ").contains("run"))
    }

    @Test func theFormatIsSaidToOthers() throws {
        _ = try RunDatabase(path: path)
        #expect(try sqlite("print(run.execute('PRAGMA user_version').fetchone()[0])") == "1")
        #expect(try sqlite("print(run.execute('PRAGMA journal_mode').fetchone()[0])") == "wal")
    }

    /// What a killed process committed is there, in the log beside the file; what it had begun is not.
    @Test func whatAKilledProcessCommittedIsThereAndNoMore() throws {
        try sqlite(
            Self.firstVersion + """
                run.execute("BEGIN")
                run.execute("INSERT INTO commitRecord VALUES (0, 2, .1, 1, 2, 3, 4, 5, 6, 7)")
                run.execute("UPDATE run SET step = 3")
                run.execute("COMMIT")
                run.execute("BEGIN")
                run.execute("UPDATE run SET step = 90")
                os.kill(os.getpid(), 9)
                """)
        #expect(try folder.names().contains("run.sqlite-wal"))
        let database = try RunDatabase(path: path)
        #expect(try database.identity()?.step == StepIndex(3))
        #expect(try database.commits(of: StageIndex(0)).count == 3)
    }

    /// A log that was cut, at a page or within one, ends with the last commit that is whole in it.
    @Test func aLogThatIsCutEndsWithItsLastWholeCommit() throws {
        try sqlite(
            Self.firstVersion + """
                run.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                run.execute("PRAGMA wal_autocheckpoint = 0")
                for step in range(2, 12):
                    run.execute("BEGIN")
                    run.execute("INSERT INTO commitRecord VALUES (0, ?, .1, 1, 2, 3, 4, 5, 6, 7)", (step,))
                    run.execute("UPDATE run SET step = ?", (step + 1,))
                    run.execute("COMMIT")
                os.kill(os.getpid(), 9)
                """)
        let names = ["run.sqlite", "run.sqlite-wal"]
        let files = try names.map { try Data(contentsOf: URL(filePath: folder.file($0))) }
        var steps: [UInt64] = []
        for size in Array(stride(from: 0, to: files[1].count, by: files[1].count / 23)) + [files[1].count] {
            for name in try folder.names() { unlink(folder.file(name)) }
            for (name, bytes) in zip(names, [files[0], files[1].prefix(size)]) {
                try bytes.write(to: URL(filePath: folder.file(name)))
            }
            let database = try RunDatabase(path: path)
            let step = try #require(try database.identity()?.step).value
            #expect(try database.commits(of: StageIndex(0)).map(\.step) == Array(0..<step))
            steps.append(step)
        }
        #expect(steps == steps.sorted() && steps.first == 2 && steps.last == 12 && Set(steps).count > 5)
    }

    @Test func aFolderInItsPlaceIsNoDamageAndWhatIsSetAsideAgainReplacesTheFirst() throws {
        _ = try RunDatabase(path: path).open(newRunID: "run", plan: [])
        #expect(try RunDatabase.setAside(path) == "\(path).damaged")
        try Folder.make(path)
        let error = try #require(throws: StorageError.self) { _ = try RunDatabase(path: path) }
        #expect("\(error)".contains("the database \(path) cannot be used") && !error.isDamage)
        // What is set aside a second time takes the place of the first.
        rmdir(path)
        _ = try RunDatabase(path: path).open(newRunID: "second", plan: [])
        _ = try RunDatabase.setAside(path)
        #expect(try RunDatabase(path: "\(path).damaged").identity()?.id == "second")
    }
}
