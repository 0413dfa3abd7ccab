import Foundation
import GRDB
import Glibc
import MawsBase
import MawsFiles

/// The coordinator's durable memory: which run this is, its plan, its term, and every committed step.
///
/// SQLite in WAL mode with `synchronous = FULL`: a commit that returned survives the process and the machine.
///
/// Every error is a `StorageError` that names the file: `full`, `damaged`, or `database` with SQLite's words.
package final class RunDatabase: Sendable {
    /// What `user_version` says of the tables; 0 where a version wrote them that did not say.
    private static let newestFormat = 1

    /// How long another process may keep the database locked.
    private static let busySeconds = 60.0

    private let path: String
    private let queue: DatabaseQueue
    private let stageNames: [String]
    /// Whether another process had it open, and has the files that were there before it by now.
    package let wasOpenElsewhere: Bool

    /// Opens the database at `path`, making it when it is not there; the only one to do so, but for readers. Throws
    /// `StorageError.damaged` where SQLite finds its pages wrong, or its commits do not lead to where it says that the
    /// run stands; `newerFormat` where a later version made its tables, which are left as they are.
    ///
    /// - Parameter stageNames: in the plan's order, for sentences.
    package init(path: String, stageNames: [String] = []) throws {
        self.path = path
        self.stageNames = stageNames
        wasOpenElsewhere = try Self.naming(path) { try Self.leaveToReaders(path) }
        var configuration = Configuration()
        // A reader may be recovering the log, or hold it for a moment while it opens or closes.
        configuration.busyMode = .timeout(Self.busySeconds)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        queue = try Self.naming(path) { try DatabaseQueue(path: path, configuration: configuration) }
        try check()
        try migrate()
        try checkPosition()
    }

    /// Moves a database that cannot be believed out of the way, with the files that belong to it. Returns its new path.
    package static func setAside(_ path: String) throws -> String {
        for ending in ["-wal", "-shm", ""] where access(path + ending, F_OK) == 0 {
            if rename(path + ending, "\(path).damaged\(ending)") != 0 {
                throw StorageError.last("move out of the way", path + ending)
            }
        }
        return "\(path).damaged"
    }

    /// The run that this is the database of; nil before `open` or `recover`.
    package func identity() throws -> RunIdentity? {
        try read { try Self.identity($0) }
    }

    /// The run this database belongs to, or `newRunID` and `plan` from now on. Every call starts a new term.
    package func open(newRunID: String, plan: [UInt8]) throws -> RunIdentity {
        try write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO run (key, id, plan, term) VALUES (1, ?, ?, 0)",
                arguments: [newRunID, Data(plan)])
            try database.execute(sql: "UPDATE run SET term = term + 1")
            guard let identity = try Self.identity(database) else {
                throw DatabaseError(message: "the run's row is missing from its database")
            }
            return identity
        }
    }

    /// Takes over what a run's other files say of it, after its database was lost or found behind them: the commits and
    /// ended stages that are not known here, and where the run stands. Nothing past that stays.
    package func recover(_ run: RunIdentity, commits: [CommitRecord], ends: [StageEnd]) throws {
        guard let stage = run.stage, let step = run.step else { preconditionFailure("recovered without a position") }
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO run (key, id, plan, term, computeProfile) VALUES (1, ?, ?, ?, ?)
                    ON CONFLICT (key) DO UPDATE SET
                        term = excluded.term, computeProfile = IFNULL(computeProfile, excluded.computeProfile)
                    """, arguments: [run.id, Data(run.plan), Int64(run.term.value), run.computeProfile])
            for commit in commits { try commit.insert(database, onConflict: .ignore) }
            for end in ends { try end.insert(database, onConflict: .ignore) }
            try Self.goBack(database, to: stage, step)
        }
    }

    /// Replaces the kept plan, after its changes were found harmless.
    package func replacePlan(_ plan: [UInt8]) throws {
        try write { try $0.execute(sql: "UPDATE run SET plan = ?", arguments: [Data(plan)]) }
    }

    /// Keeps what the run's trainers compute with.
    package func setComputeProfile(_ profile: String) throws {
        try write { try $0.execute(sql: "UPDATE run SET computeProfile = ?", arguments: [profile]) }
    }

    /// The stage starts at this step: its first checkpoint is on disk. What was known of it from there on, from
    /// before it was damaged, is forgotten. A stage past the plan's last means that the run is finished.
    package func move(to stage: StageIndex, step: StepIndex) throws {
        try write { _ = try Self.goBack($0, to: stage, step) }
    }

    /// Makes a committed step durable.
    package func commit(_ record: CommitRecord) throws {
        try write { database in
            try record.insert(database, onConflict: .replace)
            try Self.move(database, record.stage, record.step + 1)
        }
    }

    /// The newest commit of a stage.
    package func lastCommit(of stage: StageIndex) throws -> CommitRecord? {
        try read { database in
            try CommitRecord.filter(Column("stage") == Int64(stage.value)).order(Column("step").desc).fetchOne(database)
        }
    }

    /// All commits of a stage, in order.
    package func commits(of stage: StageIndex) throws -> [CommitRecord] {
        try read { database in
            try CommitRecord.filter(Column("stage") == Int64(stage.value)).order(Column("step")).fetchAll(database)
        }
    }

    /// Forgets the commits of `stage` from `step` on, that it ended, and what was committed of later stages that have
    /// not ended: they are computed again. Returns how many commits that were.
    @discardableResult
    package func rollBack(to stage: StageIndex, step: StepIndex) throws -> Int {
        try write { try Self.goBack($0, to: stage, step) }
    }

    @discardableResult
    private static func goBack(_ database: Database, to stage: StageIndex, _ step: StepIndex) throws -> Int {
        try database.execute(sql: "DELETE FROM stageEnd WHERE stage = ?", arguments: [Int64(stage.value)])
        try database.execute(
            sql: """
                DELETE FROM commitRecord WHERE (stage = :stage AND step >= :step)
                OR (stage > :stage AND stage NOT IN (SELECT stage FROM stageEnd))
                """, arguments: ["stage": Int64(stage.value), "step": Int64(step.value)])
        let forgotten = database.changesCount
        try move(database, stage.value, step.value)
        try database.execute(sql: "UPDATE run SET firstCommit = step")
        return forgotten
    }

    /// Keeps the line that sums a stage up, once: a stage that ended stays as it ended.
    package func end(_ end: StageEnd) throws {
        try write { try end.insert($0, onConflict: .ignore) }
    }

    /// The stages that ended, in the plan's order.
    package func ends() throws -> [StageEnd] {
        try read { try StageEnd.order(Column("stage")).fetchAll($0) }
    }

    /// Makes it durable that the run passes a sample over, and the term that counts from then on.
    package func exclude(_ record: ExcludedSampleRecord, term: Term) throws {
        try write { database in
            try record.insert(database, onConflict: .replace)
            try Self.raise(to: term, database)
        }
    }

    /// Makes it durable that no smaller term counts any more.
    package func keep(_ term: Term) throws { try write { try Self.raise(to: term, $0) } }

    private static func raise(to term: Term, _ database: Database) throws {
        try database.execute(sql: "UPDATE run SET term = MAX(term, ?)", arguments: [Int64(term.value)])
    }

    /// All samples that the run excludes, in the order of steps and units.
    package func excluded() throws -> [ExcludedSampleRecord] {
        try read { database in
            try ExcludedSampleRecord
                .order(Column("stage"), Column("step"), Column("unit"), Column("sample")).fetchAll(database)
        }
    }

    private func migrate() throws {
        try write { database in
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS run (
                        key INTEGER PRIMARY KEY CHECK (key = 1), id TEXT NOT NULL, plan BLOB NOT NULL,
                        term INTEGER NOT NULL, stage INTEGER, step INTEGER, computeProfile TEXT, firstCommit INTEGER
                    );
                    CREATE TABLE IF NOT EXISTS commitRecord (
                        stage INTEGER NOT NULL, step INTEGER NOT NULL, learningRate REAL NOT NULL,
                        clipScale REAL NOT NULL, gradientNorm REAL NOT NULL, loss REAL NOT NULL,
                        images INTEGER NOT NULL,
                        seconds REAL NOT NULL, bytesPushed INTEGER NOT NULL, bytesGathered INTEGER NOT NULL,
                        mfu REAL, PRIMARY KEY (stage, step)
                    );
                    CREATE TABLE IF NOT EXISTS stageEnd (stage INTEGER PRIMARY KEY, summary TEXT NOT NULL);
                    CREATE TABLE IF NOT EXISTS passedSample (
                        stage INTEGER NOT NULL, step INTEGER NOT NULL, unit INTEGER NOT NULL, sample INTEGER NOT NULL,
                        slot INTEGER NOT NULL, shard TEXT NOT NULL, member TEXT NOT NULL, offset INTEGER NOT NULL,
                        reason TEXT NOT NULL, PRIMARY KEY (stage, step, unit, sample)
                    );
                    """)
            // Runs of earlier versions go on.
            let columns = try Set(database.columns(in: "commitRecord").map(\.name))
            if columns.contains("utilisation") && !columns.contains("mfu") {
                try database.execute(sql: "ALTER TABLE commitRecord RENAME COLUMN utilisation TO mfu")
            }
            let additions = [
                ("run", "computeProfile", "TEXT"), ("run", "firstCommit", "INTEGER"),
                ("commitRecord", "mfu", "REAL"),
            ]
            for (table, column, type) in additions
            where try !database.columns(in: table).contains(where: { $0.name == column }) {
                try database.execute(sql: "ALTER TABLE \(table) ADD COLUMN \(column) \(type)")
            }
            try database.execute(sql: "PRAGMA user_version = \(Self.newestFormat)")
        }
    }

    /// The pages and the format of the tables, before anything of them is believed.
    private func check() throws {
        let verdict = try read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
        guard verdict == "ok" else {
            throw StorageError.damaged(path: path, reason: verdict ?? "SQLite does not say that it is whole")
        }
        let format = try read { try Int.fetchOne($0, sql: "PRAGMA user_version") } ?? 0
        guard format <= Self.newestFormat else { throw StorageError.newerFormat(path: path, format: format) }
    }

    /// A stage's commits are those of all steps before the one that the run stands at, from the one on at which it was
    /// put there: of a recovered run some before that may be unknown.
    private func checkPosition() throws {
        let wrong = try read { database -> String? in
            guard let identity = try Self.identity(database), let stage = identity.stage, let step = identity.step
            else { return nil }
            let first = try Int64.fetchOne(database, sql: "SELECT IFNULL(firstCommit, 0) FROM run") ?? 0
            let found = try Row.fetchOne(
                database,
                sql: "SELECT COUNT(*), IFNULL(MAX(step) + 1, ?) FROM commitRecord WHERE stage = ? AND step >= ?",
                arguments: [first, Int64(stage.value), first])
            guard let found, first + found[0] == Int64(step.value), found[1] == Int64(step.value) else {
                let number = Int(stage.value)
                let name = number < stageNames.count ? stageNames[number] : "number \(number + 1) of the plan"
                return "its commits of stage \(name) do not lead to step \(step.value)"
            }
            return nil
        }
        if let wrong { throw StorageError.damaged(path: path, reason: wrong) }
    }

    private func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.naming(path) { try queue.write(body) }
    }

    private func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.naming(path) { try queue.read(body) }
    }

    /// SQLite's errors name no file.
    private static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_FULL: throw StorageError.full(path: path, bytes: 0)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                throw StorageError.damaged(path: path, reason: error.message ?? "SQLite cannot read it")
            default: throw StorageError.database(path: path, reason: error.message ?? "\(error.resultCode)")
            }
        }
    }

    private static func move(_ database: Database, _ stage: UInt32, _ step: UInt64) throws {
        try database.execute(
            sql: "UPDATE run SET stage = ?, step = ?", arguments: [Int64(stage), Int64(step)])
    }

    private static func identity(_ database: Database) throws -> RunIdentity? {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run") else { return nil }
        let plan: Data = row["plan"]
        let stage: Int64? = row["stage"]
        let step: Int64? = row["step"]
        return RunIdentity(
            id: row["id"], plan: Array(plan), term: Term(UInt64(row["term"] as Int64)),
            stage: stage.map { StageIndex(UInt32($0)) }, step: step.map { StepIndex(UInt64($0)) },
            computeProfile: row["computeProfile"])
    }
}
