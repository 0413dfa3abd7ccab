import MawsBase
import MawsProtocol

/// A finished checkpoint: by block and chunk, weights and slots.
struct StoredCheckpoint {
    var runID: String
    var weights: [[UInt64]]
    var slots: [[UInt64]]
    /// Whether some byte of it is not what was written.
    var isDamaged = false
}

/// The run's database: what was committed. A write that was reported done is there whatever dies.
struct Database {
    struct Line: Hashable {
        var stage: Int
        var step: UInt64
        var rate: Double
        var clipScale: Double
        var norm: Double
        var loss: Double

        var position: RunPosition { RunPosition(stage: StageIndex(UInt32(stage)), step: StepIndex(step)) }
    }

    var runID: String
    var term: UInt64
    var position: RunPosition?
    var commits: [RunPosition: Line] = [:]
    var ended: Set<StageIndex> = []
    var excluded: [ExcludedSample] = []

    func lines(of stage: StageIndex) -> [Line] {
        commits.values.filter { $0.position.stage == stage }.sorted { $0.step < $1.step }
    }

    mutating func raise(to term: UInt64) { self.term = max(self.term, term) }

    mutating func commit(_ line: Line) {
        commits[line.position] = line
        position = RunPosition(stage: line.position.stage, step: line.position.step.next)
    }

    /// Forgets what was committed from there on, but for later stages that have ended.
    mutating func goBack(to target: RunPosition) {
        ended.remove(target.stage)
        commits = commits.filter { place, _ in
            place.stage == target.stage
                ? place.step < target.step : place.stage < target.stage || ended.contains(place.stage)
        }
        position = target
    }
}

/// A coordinator's machine's disk: what it keeps of the run.
final class CoordinatorDisk {
    var database: Database?
    /// Whether the database is there and cannot be believed.
    var isDatabaseDamaged = false
    var checkpoints: [RunPosition: StoredCheckpoint] = [:]
    /// The checkpoint that `latest` names.
    var latest: RunPosition?
    /// Lines of the files that people read: they take the database's place when that is lost.
    var metrics: [RunPosition: Database.Line] = [:]
    var stageLines: Set<StageIndex> = []
    /// Until when writes are refused, and how many of the next are, though they may have been done.
    var fullUntil: UInt64 = 0
    var failingWrites = 0

    func positions(of stage: StageIndex) -> [RunPosition] {
        checkpoints.keys.filter { $0.stage == stage }.sorted(by: >)
    }
}
