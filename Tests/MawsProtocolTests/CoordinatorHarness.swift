import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Drives a coordinator core the way its shell would, answering every action of servers and trainers at once.
struct CoordinatorHarness {
    var core: CoordinatorCore
    var now = Moment(nanoseconds: 0)
    /// The first unit, or the only one, that a trainer was leased last, and all of them.
    var leases: [PeerID: Lease] = [:]
    var batches: [PeerID: [Lease]] = [:]
    /// By server: term and number of the newest `configure`.
    var configured: [PeerID: Reply] = [:]
    var commits: [Commit] = []
    var notes: [RunFact] = []
    var actions: [CoordinatorAction] = []
    /// Step of the checkpoint that a search finds; nil: it goes on for now.
    var found: StepIndex?
    var preparesStages = true
    /// Whether checkpoints are taken, or given up, at once; otherwise the one that is asked for waits here.
    var takesCheckpoints = true
    var checkpoint: RunPosition?
    let shardCount: Int

    init(
        stages: [StageShape], shardCount: Int = 2, position: RunPosition? = nil, checkpoint: RunPosition? = nil,
        finished: Set<StageIndex> = [], excluded: [ExcludedSample] = [],
        shardUses: @escaping @Sendable (RunPosition) -> [[ShardUse]] = { _ in [] }
    ) {
        self.shardCount = shardCount
        core = CoordinatorCore(
            term: Term(3), runID: "run", stages: stages, shardCount: shardCount, leaseSeconds: 60, position: position,
            checkpoint: checkpoint, lastCommit: nil, finished: finished, excluded: excluded,
            secret: Array(repeating: 7, count: 32), now: now, shardUses: shardUses)
        take(core.start())
    }

    mutating func step(_ event: CoordinatorEvent) {
        let before = core
        let actions = core.step(event, now: now)
        let violations = core.violations() + core.violations(since: before, actions)
        #expect(violations == [], "after \(event)")
        take(actions)
    }

    mutating func take(_ new: [CoordinatorAction]) {
        actions += new
        for action in new { react(action) }
    }

    /// What the shell and faithful servers do on their own.
    private mutating func react(_ action: CoordinatorAction) {
        switch action {
        case .prepareStage(let stage): if preparesStages { step(.stagePrepared(stage)) }
        // As the shell sends it.
        case .configure(let peer, _, _):
            configured[peer] = Reply(term: core.term, request: core.reply(of: peer)?.request ?? .none)
        case .restore(let peer, let position): restored(peer, position)
        case .send(let peer, .leases(let batch)):
            leases[peer] = batch.first
            batches[peer] = batch
        case .send(let peer, .commit(let commit)):
            step(.applied(peer, reply(of: peer), RunPosition(stage: commit.stage, step: commit.step.next)))
        case .decide(let position, _, _):
            let commit = Commit(
                term: Term(3), stage: position.stage, step: position.step, learningRate: 0.1, clipScale: 1)
            commits.append(commit)
            step(.decided(commit))
        case .findCheckpoint(let stage, _):
            if let found { step(.checkpointFound(RunPosition(stage: stage, step: found))) }
        case .takeCheckpoint(let position, _):
            checkpoint = position
            if takesCheckpoints { endCheckpoint() }
        case .giveUpCheckpoint: if takesCheckpoints { endCheckpoint(.overtaken) }
        case .note(let note), .remark(_, let note), .fault(_, let note): notes.append(note)
        default: break
        }
    }

    /// The checkpoint that was asked for is whole, or given up.
    mutating func endCheckpoint(_ failure: CheckpointFailure? = nil) {
        guard let position = checkpoint else { return }
        checkpoint = nil
        step(failure.map { .checkpointFailed(position, $0) } ?? .checkpointTaken(position))
    }

    /// A whole step of a stage of four units, by one trainer.
    mutating func finishStep(_ peer: PeerID) {
        let step = core.committed.step.value
        for _ in 0..<4 { finish(peer) }
        reduceAll(step: step)
    }

    mutating func joinServers(_ indices: Range<Int>? = nil) {
        for index in indices ?? 0..<shardCount { joinServer(index) }
    }

    mutating func joinServer(_ index: Int, peer: UInt64? = nil, hello: ServerHello? = nil) {
        step(.serverJoined(server(index, peer), name: "server-\(index)", hello ?? emptyHello(index)))
    }

    func server(_ index: Int, _ peer: UInt64? = nil) -> PeerID { PeerID(peer ?? UInt64(100 + index)) }

    func emptyHello(_ index: Int, of count: Int? = nil) -> ServerHello {
        ServerHello(
            shard: ShardIdentity(index: index, count: count ?? shardCount), host: "127.0.0.1", port: 1, runID: "",
            stage: StageIndex(0), step: StepIndex(0), hasReduced: false)
    }

    mutating func joinTrainer(_ id: UInt64, holding shares: [UInt8] = []) -> PeerID {
        let peer = PeerID(id)
        step(.trainerJoined(peer, name: "trainer-\(id)"))
        step(.trainerReady(peer))
        step(.leaseRequested(peer, shares: shares))
        return peer
    }

    /// Finishes the unit the trainer holds and asks for the next.
    mutating func finish(_ peer: PeerID, loss: Double = 1, holding shares: [UInt8] = []) {
        guard let lease = leases.removeValue(forKey: peer) else { return }
        step(.unitDone(peer, done(lease, loss: loss)))
        step(.leaseRequested(peer, shares: shares))
    }

    /// Finishes all units that the trainer was leased together, `seconds` each, and asks for more.
    mutating func finishBatch(_ peer: PeerID, unitSeconds seconds: Double) {
        leases[peer] = nil
        guard let batch = batches.removeValue(forKey: peer) else { return }
        now = now + seconds * Double(batch.count)
        for lease in batch { step(.unitDone(peer, done(lease, loss: 1))) }
        step(.leaseRequested(peer))
    }

    func done(_ lease: Lease, loss: Double) -> UnitDone {
        UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit, loss: loss,
            skipped: [], result: [], computeSeconds: 1, waitSeconds: 0, receipt: receipt(lease))
    }

    /// What faithful shards say that got all of the unit, one push a unit.
    func receipt(_ lease: Lease) -> AuthenticationCode {
        let flush = Flush(
            term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit, grant: lease.grant)
        let stage = core.stage
        let isShared = stage.unitsInPhase.count > 1 && lease.phase == 0
        let pushes = stage.commits && Int(lease.phase) == stage.unitsInPhase.count - 1
        var sum = AuthenticationCode.none
        for shard in 0..<shardCount {
            let sharesRows: Bool = isShared && shard == Int(lease.unit.value) % shardCount
            guard pushes || sharesRows, let peer = core.holder(of: ShardIdentity(index: shard, count: shardCount)),
                let keys = core.keys(of: peer)
            else { continue }
            sum = sum.joined(with: ReceiptSeal(keys: keys, shard: shard).receipt(flush))
        }
        return sum
    }

    /// What a faithful server says that was configured newest.
    func reply(of peer: PeerID) -> Reply { configured[peer] ?? Reply(term: Term(0), request: .none) }

    mutating func restored(_ peer: PeerID, _ position: RunPosition) {
        step(.restored(peer, reply(of: peer), position))
    }

    mutating func reduceAll(step index: UInt64) {
        for shard in 0..<shardCount { reduce(server(shard), step: index) }
    }

    mutating func reduce(_ peer: PeerID, step index: UInt64) {
        let stage = core.stage.index
        step(
            .reduced(
                peer,
                Reduced(
                    reply(of: peer), stage: stage, step: StepIndex(index), chunkSquares: [1], bytesPushed: 0,
                    bytesGathered: 0)))
    }
}

func training(_ index: UInt32 = 0, steps: UInt64 = 3, phases: [Int] = [4], every: UInt64? = nil) -> StageShape {
    StageShape(
        index: StageIndex(index), stepCount: steps, unitsInPhase: phases, commits: true, checkpointSteps: every,
        checkpointSeconds: 1e9)
}

func evaluation(_ index: UInt32, phases: [Int]) -> StageShape {
    StageShape(
        index: StageIndex(index), stepCount: 1, unitsInPhase: phases, commits: false, checkpointSteps: nil,
        checkpointSeconds: 1e9)
}
