import MawsBase
import MawsWire

/// The coordinator's decisions as a pure machine: who may compute what, when a step is decided, when a checkpoint is
/// due, what a server that came back must do. It reads no clock and touches no socket, file or lock.
package struct CoordinatorCore: Sendable {
    package enum Mode: Int, CaseIterable, Sendable {
        /// The shell makes the first checkpoint of the stage.
        case preparing
        /// The shell looks for a checkpoint to go on from, the one that was to be used being damaged or gone.
        case searching
        /// A shard has no server, or a server is not at the committed version yet.
        case assembling
        case computing
        /// The shell makes the commit durable.
        case deciding
        case applying
        /// Steps stop until a checkpoint of this version is whole.
        case checkpointing
        case ended
    }

    struct Server {
        var peer: PeerID
        var name: String
        var address: ServerAddress
        var hello: ServerHello
        /// Set once this connection's server holds the state of the current stage.
        var version: StepIndex?
        /// Between `configure`/`restore` and the answer.
        var isBusy = false
        var report: Reduced?
        /// What its answers have to say: those that speak of an older state, or of an older term, do not count.
        var configured: Reply?
    }

    struct Trainer {
        var name: String
        /// The name in its certificate.
        var certificate: String
        var isReady = false
        /// What it did wrong, and units that it gave back since the last one that it did.
        var faults = 0
        var failures = 0
        var setAside: (fault: TrainerFault, until: Moment)?
        /// Answers since it last let a unit become late, and leases that it has not answered for.
        var answers = 0
        var openLeases: Set<UInt64> = []
        /// Asked for a lease and has none.
        var waitsSince: Moment?
        /// When it was leased what it has now, and how many units that was.
        var leased: (since: Moment, units: Int)?
        /// Smoothed seconds that it takes for a unit; 0: not known yet.
        var unitSeconds = 0.0
        /// What it holds of each data shard, in 255ths.
        var shares: [UInt8] = []
        /// By unit of the present step: samples times the share of their shard that it holds.
        var heldByUnit: [Int] = []

        func held(_ unit: Int) -> Int { unit < heldByUnit.count ? heldByUnit[unit] : 0 }
    }

    /// Seconds for which every unit was given back, and how many at least, until the cause is taken to be lasting:
    /// longer than it takes to notice that a server is gone.
    static let failingSecondsMax = 20.0
    static let failuresMin = 5
    /// A server says something every second; one that was not heard of for so long is not there, most likely.
    package static let silentServerSeconds = 3.0

    /// Grows with every start, and when a step starts over.
    package internal(set) var term: Term
    let runID: String
    let stages: [StageShape]
    /// A pure function: what each unit of a step reads of data shards on other machines; empty where nothing is known.
    let shardUses: @Sendable (RunPosition) -> [[ShardUse]]

    package internal(set) var mode: Mode
    /// When that began.
    var modeSince: Moment
    /// Committed steps.
    var position: RunPosition
    /// Newest checkpoint of the current stage; nil where none is known to be whole.
    var checkpointPosition: RunPosition?
    /// Stages that ended and whose results stand. A run that goes back to repair one of them skips the others.
    var finished: Set<StageIndex>
    /// When the newest one was begun.
    var checkpointMoment: Moment
    var underWay: CheckpointUnderWay?
    /// Whether the last one was given up.
    var retakesCheckpoint = false
    /// Whether steps stop for the next one, as a server could not keep a version beside them.
    var stopsForCheckpoint = false
    /// Since this coordinator's start.
    package internal(set) var checkpointsGivenUp = 0
    /// The commit of the step before `position`, for a server that died between deciding and applying.
    var lastCommit: Commit?
    var isStopping = false
    /// The stage after the present one, from the end of that until its first checkpoint is made.
    var nextStage: StageIndex?

    /// By shard index.
    var servers: [Server?]
    var serverAwaySince: [Moment]
    var trainers: [PeerID: Trainer] = [:]
    /// Trainers that asked for a lease and have none.
    var waiting: Set<PeerID> = []
    /// Trainers that have answered for a lease since they last let a unit become late: others are not proven.
    var answered: Set<PeerID> = []
    var speeds = TrainerSpeeds()
    /// The receipts of all shards for what was flushed last: neighbours are flushed together, and done one by one.
    var lastReceipt: (flush: Flush, receipt: AuthenticationCode)?

    var phase = 0
    var ledger = UnitLedger(unitCount: 1)
    /// By unit of the present step's first phase.
    var unitShards: [[ShardUse]] = []
    /// Loss share of each unit of the current step's last phase.
    var losses: [Double?] = []
    /// Units of the first phase by the trainer that computed them: it has their activations at hand.
    var firstPhaseUnits: [PeerID: Set<UInt32>] = [:]
    var nextLease: UInt64 = 1
    /// Samples that the run excludes, by step and unit, ascending.
    var excluded: [RunPosition: [UInt32: [UInt64]]] = [:]
    /// Who could not get a sample of the present step, by unit.
    var lost: [UInt32: [UInt64: Set<PeerID>]] = [:]
    /// Leases of the present step, by unit, of which something may have reached a server.
    var leasesThatMayHavePushed: [UInt32: Int] = [:]
    /// Newest step that anything of was leased in this term.
    var newestLeased: RunPosition?
    /// False after a start in the midst of a step: what the servers hold of it is unknown then.
    var knowsWhoMayHavePushed: Bool
    /// Whether servers have to drop what they hold of the present step: a sample is excluded from it.
    var dropsStep = false
    /// Units given back since the last one that was done, and since when.
    var failuresInARow = 0
    var failingSince: Moment?
    /// Smoothed seconds from lease to done, for telling who is late.
    var unitSeconds = 0.0
    let leaseSeconds: Double
    /// Who said of units of the present phase that they are not finite, and units of which enough trainers did.
    var nonFinite: [UInt32: Set<PeerID>] = [:]
    var agreedNonFinite: Set<UInt32> = []
    /// Certificates with which a trainer did something wrong, and until when newcomers with them wait.
    var suspects: [String: Moment] = [:]
    /// Certificates with which a trainer let units become late: how often, and when last.
    var stalls: [String: (count: Int, since: Moment)] = [:]
    /// What leases and receipts are sealed with; known to nobody else.
    let secret: [UInt8]
    let leaseKey: AuthenticationCode
    /// By shard: how often it was configured, and what its receipts are sealed with since.
    var configureCounts: [UInt64]
    let ringKey: AuthenticationCode
    /// The term of each shard's newest configuration, and the keys of receipts of shards that were configured twice in
    /// it.
    var configuredTerms: [Term?]
    var ownReceiptKeys: [Int: AuthenticationCode] = [:]

    /// - Parameters:
    ///   - position: where the database says the run stands; nil for a new run.
    ///   - checkpoint: newest whole checkpoint of that stage; nil where there is none.
    ///   - lastCommit: the newest commit of that stage.
    ///   - finished: stages that ended.
    ///   - dropsStep: whether servers have to drop what they hold of the present step.
    ///   - excluded: samples that the run excludes since earlier starts.
    ///   - secret: 32 random bytes.
    ///   - shardUses: what each unit of a step reads of data shards on other machines.
    package init(
        term: Term, runID: String, stages: [StageShape], shardCount: Int, leaseSeconds: Double, position: RunPosition?,
        checkpoint: RunPosition?, lastCommit: Commit?, finished: Set<StageIndex> = [], dropsStep: Bool = false,
        excluded: [ExcludedSample] = [], secret: [UInt8], now: Moment,
        shardUses: @escaping @Sendable (RunPosition) -> [[ShardUse]] = { _ in [] }
    ) {
        self.shardUses = shardUses
        self.secret = secret
        leaseKey = Self.key("leases", [], secret)
        ringKey = Self.key("ring", [], secret)
        configureCounts = Array(repeating: 0, count: shardCount)
        configuredTerms = Array(repeating: nil, count: shardCount)
        self.term = term
        self.runID = runID
        self.stages = stages
        self.leaseSeconds = leaseSeconds
        let start = RunPosition(stage: StageIndex(0), step: StepIndex(0))
        self.position = position ?? start
        checkpointPosition = checkpoint
        self.finished = finished
        checkpointMoment = now
        self.lastCommit = lastCommit
        servers = Array(repeating: nil, count: shardCount)
        serverAwaySince = Array(repeating: now, count: shardCount)
        mode = position == nil ? .preparing : .assembling
        modeSince = now
        knowsWhoMayHavePushed = position == nil
        for sample in excluded { keep(sample) }
        self.dropsStep = dropsStep || self.excluded[self.position] != nil
    }

    package var stage: StageShape { stages[Int(position.stage.value)] }
    /// How many steps of which stage are committed, and of how many of them there is a checkpoint.
    package var committed: RunPosition { position }
    package var newestCheckpoint: RunPosition {
        checkpointPosition ?? RunPosition(stage: position.stage, step: StepIndex(0))
    }
    /// The stage that is under way for people: the next one from the moment that the present one has ended.
    package var shownStage: StageShape { nextStage.map { stages[Int($0.value)] } ?? stage }
    var readyServers: [Server] { servers.compactMap { $0 } }
    var isLastPhase: Bool { phase == stage.unitsInPhase.count - 1 }

    /// The first actions of a coordinator's life.
    package mutating func start() -> [CoordinatorAction] {
        if mode == .preparing { return [.prepareStage(position.stage)] }
        // The last process ended between the end of this stage and the first checkpoint of the next.
        return finished.contains(position.stage) ? prepareNext() : []
    }

    package mutating func step(_ event: CoordinatorEvent, now: Moment) -> [CoordinatorAction] {
        guard mode != .ended else { return [] }
        let earlier = mode
        defer { if mode != earlier { modeSince = now } }
        switch event {
        case .serverJoined(let peer, let name, let hello): return serverJoined(peer, name, hello, now)
        case .newerTermKnown(let term, let name): return takeTerm(above: term, of: name)
        case .trainerJoined(let peer, let name, let certificate): return trainerJoined(peer, name, certificate, now)
        case .trainerReady(let peer): return trainerReady(peer, now)
        case .peerLost(let peer, let loss): return peerLost(peer, loss, now)
        case .leaseRequested(let peer, let shares): return leaseRequested(peer, shares, now)
        case .unitDone(let peer, let done): return unitDone(peer, done, now)
        case .unitFailed(let peer, let failed): return unitFailed(peer, failed, now)
        case .restored(let peer, let reply, let position): return restored(peer, reply, position, now)
        case .reduced(let peer, let report): return reduced(peer, report)
        case .applied(let peer, let reply, let position): return applied(peer, reply, position, now)
        case .stagePrepared(let stage): return stagePrepared(stage, now)
        case .decided(let commit): return decided(commit)
        case .checkpointTaken(let position): return checkpointTaken(position, now)
        case .checkpointFailed(let position, let failure): return checkpointFailed(position, failure, now)
        case .checkpointDamaged(let position): return checkpointDamaged(position)
        case .sourceDamaged(let stage): return sourceDamaged(stage)
        case .checkpointFound(let position): return checkpointFound(position, now)
        case .stopRequested: return stopRequested(now)
        case .misbehaved(let peer, let fault): return blame(peer, fault, now)
        case .tick: return endLeases(now) + grantLeases(now)
        }
    }
}
