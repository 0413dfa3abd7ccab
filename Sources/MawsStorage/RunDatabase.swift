import Foundation
import GRDB
import MawsBase

/// The coordinator's durable memory: which run this is, its plan, its term, and every committed step.
///
/// SQLite in WAL mode with `synchronous = FULL`: a commit that returned survives the process and the machine.
public final class RunDatabase: Sendable {
    private let queue: DatabaseQueue

    /// Opens the database at `path`, making it when it is not there.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try migrate()
    }

    /// The run this database belongs to, or `newRunID` and `plan` from now on. Every call starts a new term.
    public func open(newRunID: String, plan: [UInt8]) throws -> RunIdentity {
        try queue.write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO run (key, id, plan, term) VALUES (1, ?, ?, 0)",
                arguments: [newRunID, Data(plan)])
            try database.execute(sql: "UPDATE run SET term = term + 1")
            return try Self.identity(database)
        }
    }

    /// Replaces the kept plan, after its changes were found harmless.
    public func replacePlan(_ plan: [UInt8]) throws {
        try queue.write { try $0.execute(sql: "UPDATE run SET plan = ?", arguments: [Data(plan)]) }
    }

    /// Keeps what the run's trainers compute with.
    public func setComputeProfile(_ profile: String) throws {
        try queue.write { try $0.execute(sql: "UPDATE run SET computeProfile = ?", arguments: [profile]) }
    }

    /// The stage starts at this step: its first checkpoint is on disk. A stage past the plan's last means that the run
    /// is finished.
    public func move(to stage: StageIndex, step: StepIndex) throws {
        try queue.write { try Self.move($0, stage.value, step.value) }
    }

    /// Makes a committed step durable.
    public func commit(_ record: CommitRecord) throws {
        try queue.write { database in
            try record.insert(database, onConflict: .replace)
            try Self.move(database, record.stage, record.step + 1)
        }
    }

    /// The newest commit of a stage.
    public func lastCommit(of stage: StageIndex) throws -> CommitRecord? {
        try queue.read { database in
            try CommitRecord.filter(Column("stage") == Int64(stage.value)).order(Column("step").desc).fetchOne(database)
        }
    }

    /// All commits of a stage, in order.
    public func commits(of stage: StageIndex) throws -> [CommitRecord] {
        try queue.read { database in
            try CommitRecord.filter(Column("stage") == Int64(stage.value)).order(Column("step")).fetchAll(database)
        }
    }

    /// Forgets the commits of `stage` from `step` on: they are computed again.
    public func rollBack(to stage: StageIndex, step: StepIndex) throws {
        try queue.write { database in
            try database.execute(
                sql: "DELETE FROM commitRecord WHERE stage = ? AND step >= ?",
                arguments: [Int64(stage.value), Int64(step.value)])
            try Self.move(database, stage.value, step.value)
        }
    }

    /// Makes it durable that the run passes a sample over, and the term that counts from then on.
    public func pass(_ record: PassedSampleRecord, term: Term) throws {
        try queue.write { database in
            try record.insert(database, onConflict: .replace)
            try database.execute(
                sql: "UPDATE run SET term = MAX(term, ?)", arguments: [Int64(term.value)])
        }
    }

    /// All samples that the run passes over, in the order of steps and units.
    public func passed() throws -> [PassedSampleRecord] {
        try queue.read { database in
            try PassedSampleRecord
                .order(Column("stage"), Column("step"), Column("unit"), Column("sample")).fetchAll(database)
        }
    }

    private func migrate() throws {
        try queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS run (
                        key INTEGER PRIMARY KEY CHECK (key = 1), id TEXT NOT NULL, plan BLOB NOT NULL,
                        term INTEGER NOT NULL, stage INTEGER, step INTEGER, computeProfile TEXT
                    );
                    CREATE TABLE IF NOT EXISTS commitRecord (
                        stage INTEGER NOT NULL, step INTEGER NOT NULL, learningRate REAL NOT NULL,
                        clipScale REAL NOT NULL, gradientNorm REAL NOT NULL, loss REAL NOT NULL,
                        images INTEGER NOT NULL,
                        seconds REAL NOT NULL, bytesPushed INTEGER NOT NULL, bytesGathered INTEGER NOT NULL,
                        PRIMARY KEY (stage, step)
                    );
                    CREATE TABLE IF NOT EXISTS passedSample (
                        stage INTEGER NOT NULL, step INTEGER NOT NULL, unit INTEGER NOT NULL, sample INTEGER NOT NULL,
                        slot INTEGER NOT NULL, shard TEXT NOT NULL, member TEXT NOT NULL, offset INTEGER NOT NULL,
                        reason TEXT NOT NULL, PRIMARY KEY (stage, step, unit, sample)
                    );
                    """)
            // Runs of earlier versions go on.
            if try !database.columns(in: "run").contains(where: { $0.name == "computeProfile" }) {
                try database.execute(sql: "ALTER TABLE run ADD COLUMN computeProfile TEXT")
            }
        }
    }

    private static func move(_ database: Database, _ stage: UInt32, _ step: UInt64) throws {
        try database.execute(
            sql: "UPDATE run SET stage = ?, step = ?", arguments: [Int64(stage), Int64(step)])
    }

    private static func identity(_ database: Database) throws -> RunIdentity {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run") else {
            throw DatabaseError(message: "the run's row is missing from its database")
        }
        let plan: Data = row["plan"]
        let stage: Int64? = row["stage"]
        let step: Int64? = row["step"]
        return RunIdentity(
            id: row["id"], plan: Array(plan), term: Term(UInt64(row["term"] as Int64)),
            stage: stage.map { StageIndex(UInt32($0)) }, step: step.map { StepIndex(UInt64($0)) },
            computeProfile: row["computeProfile"])
    }
}

/// Which run a database belongs to and where it stands.
public struct RunIdentity: Hashable, Sendable {
    public var id: String
    /// JSON of the resolved plan.
    public var plan: [UInt8]
    public var term: Term
    /// Nil before the first stage's first checkpoint.
    public var stage: StageIndex?
    public var step: StepIndex?
    /// What the run's first trainer computes with; nil before there was one.
    public var computeProfile: String?
}

/// One committed step.
public struct CommitRecord: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "commitRecord"

    public var stage: UInt32
    public var step: UInt64
    public var learningRate: Double
    public var clipScale: Double
    public var gradientNorm: Double
    public var loss: Double
    public var images: Int
    public var seconds: Double
    public var bytesPushed: UInt64
    public var bytesGathered: UInt64

    public init(
        stage: UInt32, step: UInt64, learningRate: Double, clipScale: Double, gradientNorm: Double, loss: Double,
        images: Int, seconds: Double, bytesPushed: UInt64, bytesGathered: UInt64
    ) {
        self.stage = stage
        self.step = step
        self.learningRate = learningRate
        self.clipScale = clipScale
        self.gradientNorm = gradientNorm
        self.loss = loss
        self.images = images
        self.seconds = seconds
        self.bytesPushed = bytesPushed
        self.bytesGathered = bytesGathered
    }
}
