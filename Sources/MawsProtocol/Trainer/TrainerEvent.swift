import MawsBase
import MawsWire

/// What a trainer's session is made of before it starts.
package struct TrainerSettings: Hashable, Sendable {
    package var name: String
    /// What decides the bits of a gradient, from the compute backend: `reference fp32 threads=2 haswell`.
    package var computeProfile: String
    /// Seconds without a word from the coordinator after which it counts as gone. The plan's value replaces it.
    package var heartbeatTimeoutSeconds: Double
    /// Seconds a trainer looks for a coordinator that is away before it gives up.
    package var reconnectSeconds: Double
    /// A child of a local coordinator ends with it instead of looking for another.
    package var exitsWithCoordinator: Bool
    /// What the coordinator knows this process by; see `Hello.origin`.
    package var origin: UInt64

    package init(
        name: String, computeProfile: String, heartbeatTimeoutSeconds: Double = 10, reconnectSeconds: Double = 300,
        exitsWithCoordinator: Bool = false, origin: UInt64 = 0
    ) {
        self.name = name
        self.computeProfile = computeProfile
        self.heartbeatTimeoutSeconds = heartbeatTimeoutSeconds
        self.reconnectSeconds = reconnectSeconds
        self.exitsWithCoordinator = exitsWithCoordinator
        self.origin = origin
    }
}

/// What a trainer knows since it has a plan.
package struct DataFacts: Hashable, Sendable {
    /// Hash of the names and sizes of the plan's samples; empty before.
    package var fingerprint: String
    /// Floating-point operations a second of one large product in the plan's precision; 0 before.
    package var productRate: Double
    package var heartbeatTimeoutSeconds: Double

    package init(fingerprint: String = "", productRate: Double = 0, heartbeatTimeoutSeconds: Double = 0) {
        self.fingerprint = fingerprint
        self.productRate = productRate
        self.heartbeatTimeoutSeconds = heartbeatTimeoutSeconds
    }
}

/// What the world tells a trainer's session. Connections are numbered by the session, so that a late word of an
/// earlier one is known for what it is.
package enum TrainerEvent: Hashable, Sendable {
    /// Time passed. The shell sends one every quarter of a second.
    case tick
    case connected(connection: UInt64)
    /// The connection could not be made, or ended.
    case lost(connection: UInt64, reason: String)
    case received(connection: UInt64, Message)
    /// The data this plan names is there.
    case dataOpened(plan: [UInt8], DataFacts)
    /// The data's source, a web server for instance, does not answer now.
    case dataUnreachable(plan: [UInt8], reason: String)
    /// The plan cannot be read, or its data is missing here.
    case dataMissing(reason: String)
    /// What the cache holds of each data shard; see `Message.leaseRequest`.
    case shardsHeld(shares: [UInt8])
    case unitDone(UnitDone)
    case unitFailed(UnitFailed)
}

/// What a trainer's session asks of the world.
package enum TrainerAction: Hashable, Sendable {
    case connect(connection: UInt64)
    case disconnect(connection: UInt64)
    /// To the coordinator, on the present connection.
    case send(Message)
    /// Read the plan (JSON) and open its data; answered by `dataOpened` or `dataMissing`.
    case openData(plan: [UInt8])
    /// Where the shards are, and the term to greet them with. Connections to changed addresses are dropped.
    case useShards(Roster, term: Term, runID: String)
    /// Answered by a `unitDone` for each lease, or by one `unitFailed` for all that are not done; also after `abandon`.
    case compute([Lease])
    /// Nobody wants the units being computed any more: they should fail at their next wait.
    case abandon(Abandonment)
    /// Tell the coordinator that this lease is not taken, as another unit is computed still.
    case giveBack(lease: UInt64)
    case tell(TrainerFact)
    /// The process ends.
    case exit(TrainerEnd)
}
