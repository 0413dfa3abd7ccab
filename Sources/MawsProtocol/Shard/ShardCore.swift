import MawsBase
import MawsWire

/// How long a shard waits for what.
package struct ShardSettings: Hashable, Sendable {
    /// Longest time a gather waits for a version that is not here yet.
    package var gatherWaitSeconds: Double

    package init(gatherWaitSeconds: Double = 30) { self.gatherWaitSeconds = gatherWaitSeconds }
}

/// A parameter server's decisions as a pure machine: which pushes count, what is added to what, when a step is reduced,
/// which version may be read and when it may be overwritten. It touches no memory, socket, file, lock or clock.
///
/// Version *t* (newest) is readable, and *t − 1* until the first block of step *t* is reduced: reduced gradients take
/// the place of that version's weights, and version *t + 1* theirs. A version that is frozen for a checkpoint stays
/// readable for that, as copies.
package struct ShardCore: Sendable {
    package enum Phase: Int, CaseIterable, Sendable {
        /// No configuration yet.
        case empty
        /// The shell looks at the state file.
        case opening
        case restoring
        case sealing
        case serving
        case applying
    }

    struct Waiting: Hashable {
        var request: ShardRequest
        var holder: String
        var stage: StageIndex
        var step: StepIndex
        var block: UInt32
        var deadline: Moment
    }

    /// Who reads memory.
    struct Reader: Hashable {
        var version: StepIndex
        /// The name in a trainer's certificate; nil for a checkpoint, whose reader copies and is soon through.
        var holder: String?
        /// Whether it reads what a commit changes in its place.
        var readsSlot = false
        /// Until when a step waits for it; nil while none does.
        var deadline: Moment?
        var isDropped = false
    }

    let shard: ShardIdentity
    let settings: ShardSettings
    package internal(set) var phase = Phase.empty
    /// Newest term a coordinator configured this shard under.
    package internal(set) var term = Term(0)
    package internal(set) var generation = ShardGeneration(0)
    package internal(set) var configuration: ServerConfiguration?
    var slices: [Range<Int>] = []
    /// What the state file held when the process started; nil once it is replaced.
    var found: ServerHello?

    /// Whether slices have a way to come.
    var hasBulk = false
    /// Parts of a restore that are here, by block.
    var restoredParts: [Int: Set<WeightPart>] = [:]
    var restoreStep: StepIndex?

    var version = StepIndex(0)
    /// The older version that may still be read.
    var previous: StepIndex?
    var hasReduced = false
    /// By block; nil where nothing is pushed to this shard.
    var trees: [UnitTree?] = []
    var openTrees = 0
    var sharedRows: Set<UnitIndex> = []

    /// The version that a checkpoint is made of.
    var frozen: Frozen?

    /// Requests reading memory now.
    var readers: [ShardRequest: Reader] = [:]
    var patience = ReaderPatience()
    var waiting: [Waiting] = []
    /// Reduced blocks that wait for the readers of the version that they overwrite, and since when.
    var unstored: [(block: Int, sum: UnitTree.Sum)] = []
    var waitsSince: Moment?
    /// Came while a commit was being applied.
    var pendingConfiguration: ServerConfiguration?

    /// - Parameter found: content of the state file, nil when there is none worth keeping.
    package init(shard: ShardIdentity, found: ServerHello?, settings: ShardSettings = ShardSettings()) {
        self.shard = shard
        self.found = found
        self.settings = settings
    }

    /// Whether the state is being written right now; a `hello` waits for the end of it.
    package var isApplying: Bool { phase == .applying }

    /// What is said to the coordinator speaks of the state that its newest `configure` made.
    package var reply: Reply { Reply(term: term, request: configuration?.request ?? .none) }

    /// What a `hello` says this shard holds, to be sent from this address.
    package func hello(host: String, port: UInt16) -> ServerHello {
        var hello = ServerHello(
            shard: shard, host: host, port: port, runID: "", stage: StageIndex(0), step: StepIndex(0), hasReduced: false
        )
        if phase == .serving || phase == .applying, let configuration {
            hello.runID = configuration.runID
            hello.stage = configuration.stage
            hello.step = version
            hello.hasReduced = hasReduced
        } else if phase == .empty, let found {
            hello.runID = found.runID
            hello.stage = found.stage
            hello.step = found.step
            hello.hasReduced = found.hasReduced
        }
        return hello
    }

    package mutating func step(_ event: ShardEvent, now: Moment) -> ShardActions {
        switch event {
        case .configured(let configuration): return configured(configuration, now)
        case .restoreAnnounced(let request, let slice): return restoreAnnounced(request, slice)
        case .restoreReceived(let generation, let slice): return restoreReceived(generation, slice)
        case .bulkOpened: return bulkOpened()
        case .bulkClosed:
            hasBulk = false
            return .nothing
        case .restoreDone(let request, let stage, let step): return restoreDone(request, stage, step)
        case .committed(let commit): return committed(commit)
        case .snapshotRequested(let request, let slice): return snapshotRequested(request, slice)
        case .freeze(let request, let stage, let step): return freeze(request, stage, step)
        case .sliceKept(let request, let slice): return sliceKept(request, slice)
        case .thaw(let request): return thaw(request)
        case .welcomed: return thaw(nil)
        case .gatherRequested(let request, let holder, let stage, let step, let block):
            let deadline = now + settings.gatherWaitSeconds
            return gather(
                Waiting(
                    request: request, holder: holder, stage: stage, step: step, block: block, deadline: deadline))
        case .rowsRequested(let request, let stage, let step): return gatherRows(request, stage, step)
        case .pushAnnounced(let push): return pushAnnounced(push)
        case .pushReceived(let push, let generation): return pushReceived(push, generation, now)
        case .rowsAnnounced(let unitRows): return rowsAnnounced(unitRows)
        case .rowsReceived(let unitRows, let generation): return rowsReceived(unitRows, generation)
        case .requestEnded(let request): return requestEnded(request, now)
        case .tick: return tick(now)
        default: return finished(event, now)
        }
    }

    /// The shell's own work. What belongs to an older state is of no interest any more.
    private mutating func finished(_ event: ShardEvent, _ now: Moment) -> ShardActions {
        switch event {
        case .stateOpened(generation, let step, let hasReduced): return stateOpened(step, hasReduced)
        case .stateUnfit(generation): return stateUnfit()
        case .stateDamaged(generation, let damage): return stateDamaged(damage)
        case .restoredSealed(generation, let step): return restoredSealed(step)
        case .combined(generation, let block, let left): return combined(block, left, now)
        case .blockStored(generation, _): return blockStored()
        case .reducedSealed(generation): return reducedSealed()
        case .applied(generation): return applied(now)
        default: return .nothing
        }
    }

    private mutating func tick(_ now: Moment) -> ShardActions {
        var actions = ShardActions.nothing
        for late in waiting where late.deadline <= now {
            let lack = ShardLack.lateVersion(late.step, seconds: settings.gatherWaitSeconds)
            actions += .locked(.decline(late.request, lack))
        }
        waiting.removeAll { $0.deadline <= now }
        return actions + storeOrDrop(now)
    }
}
