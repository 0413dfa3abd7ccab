import MawsBase
import MawsProtocol
import MawsWire

/// Steps of the coordinator's real core with as many trainers and servers as are asked for. Trainers compute in virtual
/// time; what the core takes is measured, and goes by in virtual time too, for it does one thing after the other.
package struct ScaledCluster {
    private struct Finish {
        var trainer: Int
        var lease: Lease
        var level: UInt8
    }

    private let shape: ScaleShape
    /// Nanoseconds that this thread has had a processor for.
    private let processorTime: () -> UInt64
    private var core: CoordinatorCore
    private var agenda = Agenda<(trainer: Int, done: [Finish])>()
    private var now = Moment(nanoseconds: 0)
    private var configured: [PeerID: Reply] = [:]
    private var keys = ServerKeys.none
    private var figures: ScaleFigures

    package init(_ shape: ScaleShape, processorTime: @escaping () -> UInt64) {
        self.shape = shape
        self.processorTime = processorTime
        figures = ScaleFigures(shape)
        let stage = StageShape(
            index: StageIndex(0), stepCount: 1 << 40, unitsInPhase: [shape.units], commits: true, checkpointSteps: nil,
            checkpointSeconds: 1e9)
        core = CoordinatorCore(
            term: Term(1), runID: "scale", stages: [stage], shardCount: shape.servers, leaseSeconds: 60, position: nil,
            checkpoint: nil, lastCommit: nil, secret: Array(repeating: 7, count: 32), now: now)
    }

    /// The mean of the steps after the first one, in which nobody's speed is known yet.
    package mutating func run() -> ScaleFigures {
        take(core.start())
        for index in 0..<shape.servers { joinServer(index) }
        keys = core.keys(of: server(0)) ?? .none
        for index in 0..<shape.trainers {
            step(.trainerJoined(trainer(index), name: "trainer-\(index)", certificate: "trainer-\(index)"))
            step(.trainerReady(trainer(index)))
            step(.leaseRequested(trainer(index)))
        }
        runStep()
        figures = ScaleFigures(shape)
        for _ in 0..<shape.steps { runStep() }
        return mean()
    }

    /// Trainers finish what they were leased, in the order of time, until all units are done; then the servers report.
    private mutating func runStep() {
        let (begin, position) = (now, core.committed)
        while let next = agenda.take() {
            now = max(now, Moment(nanoseconds: next.at))
            for finish in next.deed.done {
                step(.unitDone(trainer(finish.trainer), done(finish)))
                figures.messages += 1
            }
            figures.messages += 1
            step(.leaseRequested(trainer(next.deed.trainer)))
        }
        figures.stepSeconds += now.seconds(since: begin)
        for index in 0..<shape.servers {
            let report = Reduced(
                reply(server(index)), stage: position.stage, step: position.step, chunkSquares: [1], bytesPushed: 0,
                bytesGathered: 0)
            step(.reduced(server(index), report))
            figures.messages += 1
        }
        precondition(core.committed.step == position.step.next, "a step of the scaled cluster did not end")
    }

    private mutating func step(_ event: CoordinatorEvent) {
        let begin = processorTime()
        let actions = core.step(event, now: now)
        let seconds = Double(processorTime() - begin) / 1e9
        figures.coordinatorSeconds += seconds
        now = now + seconds
        take(actions)
    }

    private mutating func take(_ actions: [CoordinatorAction]) {
        for action in actions {
            switch action {
            case .prepareStage(let stage): step(.stagePrepared(stage))
            case .configure(let peer, _, _):
                configured[peer] = Reply(term: core.term, request: core.reply(of: peer)?.request ?? .none)
            case .restore(let peer, let position): step(.restored(peer, reply(peer), position))
            case .send(let peer, .leases(let leases)): compute(leases, Int(peer.value) - shape.servers)
            case .send(let peer, .commit(let commit)):
                figures.messages += 2
                let position = RunPosition(stage: commit.stage, step: commit.step.next)
                step(.applied(peer, reply(peer), position))
            case .decide(let position, _, _):
                step(
                    .decided(
                        Commit(
                            term: core.term, stage: position.stage, step: position.step, learningRate: 0.1,
                            clipScale: 1)))
            default: break
            }
        }
    }

    /// The trainer says one after the other that its units are done once it has computed and pushed all of them.
    private mutating func compute(_ leases: [Lease], _ trainer: Int) {
        figures.messages += 1
        figures.leases += leases.count
        figures.pushes += 1
        let level = UInt8(leases.count.trailingZeroBitCount)
        let seconds = shape.unitSeconds * (0.8 + 0.4 * Double(trainer % 11) / 10) * Double(leases.count)
        let done = leases.map { Finish(trainer: trainer, lease: $0, level: level) }
        agenda.put(at: (now + seconds).nanoseconds, (trainer, done))
    }

    private func done(_ finish: Finish) -> UnitDone {
        let lease = finish.lease
        let first = UnitIndex((lease.unit.value >> finish.level) << finish.level)
        let flush = Flush(
            term: lease.term, stage: lease.stage, step: lease.step, unit: first, level: finish.level,
            grant: lease.grant)
        let receipt = ReceiptSeal.all(flush, ring: keys.ring, shardCount: shape.servers, own: [:])
        var done = UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit, loss: 1,
            skipped: [], result: [], computeSeconds: 1, waitSeconds: 0, receipt: receipt)
        done.level = finish.level
        return done
    }

    private mutating func joinServer(_ index: Int) {
        let hello = ServerHello(
            shard: ShardIdentity(index: index, count: shape.servers), host: "127.0.0.1", port: 1, runID: "",
            stage: StageIndex(0), step: StepIndex(0), hasReduced: false)
        step(.serverJoined(server(index), name: "server-\(index)", hello))
    }

    private func server(_ index: Int) -> PeerID { PeerID(UInt64(index)) }
    private func trainer(_ index: Int) -> PeerID { PeerID(UInt64(shape.servers + index)) }
    private func reply(_ peer: PeerID) -> Reply { configured[peer] ?? Reply(term: Term(0), request: .none) }

    private func mean() -> ScaleFigures {
        var mean = figures
        let steps = Double(shape.steps)
        mean.messages /= shape.steps
        mean.leases /= shape.steps
        mean.pushes /= shape.steps
        mean.coordinatorSeconds /= steps
        mean.stepSeconds /= steps
        mean.ingressBytes = Double(mean.pushes) * Double(shape.gradientBytes) / Double(shape.servers)
        mean.egressBytes = Double(shape.trainers) * Double(shape.weightBytes) / Double(shape.servers)
        mean.networkSeconds = max(mean.ingressBytes, mean.egressBytes) / shape.serverBytesPerSecond
        return mean
    }
}
