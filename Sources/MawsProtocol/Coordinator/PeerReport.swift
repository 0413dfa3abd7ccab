import MawsBase
import MawsWire

/// What one process of a run is doing: facts, of which the report layer makes text. Seconds are those since it began.
package enum PeerActivity: Codable, Hashable, Sendable {
    case away(seconds: Double)
    case receivesShard
    case reduced(step: UInt64)
    case serves(version: UInt64)
    case opensData
    case idle
    case computes(firstUnit: UInt32, lastUnit: UInt32, step: UInt64, seconds: Double)
    case setAside(TrainerFault, secondsLeft: Double)
    case waitsForUnit(seconds: Double)
}

/// One process that a run has, or misses.
package struct PeerReport: Hashable, Sendable {
    /// What it calls itself; nil while it is not connected.
    package var name: String?
    package var role: Role
    /// The shard that a server serves, or that nobody serves.
    package var shard: Int?
    /// Nil while it is not connected.
    package var peer: PeerID?
    package var activity: PeerActivity
}

/// Who everybody waits for, for what, since when.
package struct Wait: Codable, Hashable, Sendable {
    package enum Cause: Codable, Hashable, Sendable {
        /// The coordinator makes the stage's first checkpoint, or looks for a whole one.
        case firstCheckpoint
        case wholeCheckpoint
        case missingShard(Int, of: Int, missing: Int)
        /// The servers receive their shards, send their slices for a checkpoint, or apply a step.
        case shards
        case slices
        case application(step: UInt64)
        case noTrainer
        case trainersSetAside
        /// A server has all gradients of a step and adds them up.
        case sum(step: UInt64)
        /// A trainer is late with a unit, or the only one that still has one.
        case unit(UInt32, step: UInt64)
        /// A server says nothing, or did so until a short while ago; `seconds` is how long.
        case silence(endedSecondsAgo: Double)
    }

    /// The process, where it is one.
    package var name: String?
    package var cause: Cause
    package var seconds: Double

    package init(_ cause: Cause, seconds: Double) { self.init(nil, cause, seconds: seconds) }

    package init(_ name: String?, _ cause: Cause, seconds: Double) {
        (self.name, self.cause, self.seconds) = (name, cause, seconds)
    }
}
