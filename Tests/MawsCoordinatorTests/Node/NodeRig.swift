import Foundation
import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsKernels
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsTraining
import MawsTransport
import MawsWire
import Testing

/// A coordinator's node in a fake world, with servers and trainers that answer at once: no thread, socket or sleep.
/// Two training stages of 3 and 2 steps, and an evaluation, on twelve images.
final class NodeRig {
    /// A peer that is here.
    private struct Connected {
        let peer: Peer
        let line: FakeLine
        /// A server's, for tensors, which it opens when it is welcome.
        let bulk: FakeLine?
        let shard: ShardIdentity?
        let answer: (FakeLine.Sent) -> [FakeLine.Sent]
    }

    /// What this machine's own trainers would compute with.
    static let profile = "\(ComputeBackend.profile(of: .reference))"

    let folder: String
    let catalog: StageCatalog
    private(set) var world = FakeWorld()
    private(set) var node: CoordinatorNode?
    var servers: [FakeServer]
    private var connected: [PeerID: Connected] = [:]
    private var nextPeer: UInt64 = 1
    /// What units of the evaluation say.
    var results: FakeResults
    /// Whether work beside the deciding thread is done by itself.
    var works = true
    /// Whether servers open a connection for tensors.
    var opensBulk = true
    /// Everything that left, in its order.
    private(set) var orders: [(to: PeerID, message: Message)] = []

    /// - Parameter fields: of the plan, besides those that it needs.
    init(_ fields: String = "", steps: Int = 3, skips: Int = 0, skipLimit: Double = 0.1) throws {
        folder = try RunFixture.newFolder()
        try RunFixture.writeShard("\(folder)/images.tar")
        let decoder = "decoder: {width: 16, depth: 1, heads: 2}"
        try Data(
            """
            run: \(folder)/run
            run_mode: world
            seed: 3
            compute_profile: '\(Self.profile)'
            \(fields)
            data:
              train: {shards: \(folder)/images.tar, skip_limit: \(skipLimit)}
              test: {shards: \(folder)/images.tar, skip_limit: 0.1}
            model: {image: {size: 8, channels: 1, patch: 4, width: 16, depth: 1, heads: 2}}
            checkpoint: {steps: 2, keep: 2}
            precision: fp32
            cluster: {local: true, servers: 2, trainers: 2, compute: reference}
            stages:
              - mae: {steps: \(steps), batch: 4, unit: 2, skip_nonfinite: \(skips), \(decoder)}
              - mae: {name: more, steps: 2, batch: 4, unit: 2, \(decoder)}
              - linear: {from: more, unit: 6}
            """.utf8
        ).write(to: URL(fileURLWithPath: "\(folder)/plan.yaml"))
        let plan = try PlanLoader.load(
            path: "\(folder)/plan.yaml", root: ".", overrides: PlanOverrides(), precision: { _ in .fp32 },
            tokenizerSize: { _ in 1 })
        catalog = try StageCatalog(plan: plan, root: ".", survey: nil)
        results = FakeResults(catalog: catalog)
        servers = [FakeServer(0), FakeServer(1)]
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var paths: RunPaths { RunPaths(folder: "\(folder)/run") }

    /// Starts a coordinator on the folder as it is, in a new world; whoever was connected is not any more.
    func start() throws {
        (node, connected, orders) = (nil, [:], [])
        world = FakeWorld()
        let options = CoordinatorOptions(
            planPath: "\(folder)/plan.yaml", programs: "/fake/bin", command: "maws-coord start --plan plan.yaml")
        node = try CoordinatorNode(options, world: world.world)
        if node?.isFinished == false { node?.begin() }
    }

    // MARK: - Peers

    /// - Parameter hello: what it says of itself, where that is not what it is.
    @discardableResult
    func join(
        _ server: FakeServer, as hello: Hello? = nil, certificate: String = "server", life: CertificateLife? = nil
    ) -> PeerID {
        let line = FakeLine(.server, certificate: certificate, address: "10.0.0.1:5000", life: life)
        return connect(hello ?? server.hello, line) { server.answer($0) }
    }

    /// - Parameter knowsData: whether it comes back, and says at once what it computes with.
    @discardableResult
    func join(_ trainer: FakeTrainer, as hello: Hello? = nil, knowsData: Bool = false) -> PeerID {
        let line = FakeLine(.trainer, certificate: trainer.certificate, address: "10.0.1.1:5000")
        return connect(hello ?? trainer.hello(knowsData: knowsData), line) { [weak self] sent in
            trainer.answer(sent.message) { lease in self?.compute(lease) ?? UnitDone.none }.map { .init(message: $0) }
        }
    }

    func trainer(_ name: String = "trainer-0", certificate: String = "trainer") -> FakeTrainer {
        FakeTrainer(name, certificate: certificate, catalog: catalog, profile: Self.profile)
    }

    /// Both servers and a trainer, which goes on with what it has.
    @discardableResult
    func joinAll() -> FakeTrainer {
        for server in servers { join(server) }
        let trainer = trainer()
        join(trainer)
        return trainer
    }

    /// - Returns: its line, on which it is sent the status.
    func joinViewer() -> (id: PeerID, line: FakeLine) {
        let hello = Hello(
            protocolVersion: ProtocolVersion.current, role: .viewer, name: "viewer", computeProfile: "",
            dataFingerprint: "", server: nil, term: Term(0))
        let line = FakeLine(.viewer, certificate: "viewer", address: "10.0.2.1:5000")
        return (connect(hello, line) { _ in [] }, line)
    }

    private func connect(
        _ hello: Hello, _ line: FakeLine, _ answer: @escaping (FakeLine.Sent) -> [FakeLine.Sent]
    ) -> PeerID {
        let id = PeerID(nextPeer)
        nextPeer += 1
        let peer = Peer(
            id: id, role: hello.role, name: hello.name, origin: hello.origin, shard: hello.server?.shard,
            listens: hello.server.map { NetworkAddress(host: $0.host, port: $0.port) }, connection: line, outbox: line)
        let bulk = hello.server.map { _ in
            FakeLine(.server, certificate: line.peer.name, address: line.remoteAddress)
        }
        connected[id] = Connected(peer: peer, line: line, bulk: bulk, shard: hello.server?.shard, answer: answer)
        node?.mailbox.post(.joined(peer, hello))
        return id
    }

    /// Its line is read from now on.
    func read(_ id: PeerID) { connected[id]?.peer.line.resume(world.now) }

    /// Its connection breaks.
    func lose(_ id: PeerID, _ words: String = "its line broke") {
        connected[id] = nil
        node?.mailbox.post(.lost(id, .line(words)))
    }

    func line(_ id: PeerID) -> FakeLine {
        guard let connected = connected[id] else { preconditionFailure("peer \(id.value) is not here") }
        return connected.line
    }

    /// What a peer says without being asked.
    func say(_ message: Message, from id: PeerID) {
        guard let peer = connected[id]?.peer else { return }
        node?.mailbox.post(.message(peer, message, bytes: 0))
    }

    // MARK: - Time

    /// One turn of the deciding thread, then what it brings about. Returns whether that was anything.
    @discardableResult
    func turn() -> Bool {
        guard let node, node.isUnderWay else { return false }
        node.turn(waitingSeconds: 0)
        var isBusy = works && world.doWork()
        for (id, connected) in connected.sorted(by: { $0.key < $1.key }) {
            for sent in connected.line.take() + (connected.bulk?.take() ?? []) {
                isBusy = true
                orders.append((id, sent.message))
                if case .welcome = sent.message { openBulk(connected) }
                for answer in connected.answer(sent) { deliver(answer, from: connected) }
            }
        }
        return isBusy
    }

    private func openBulk(_ server: Connected) {
        guard opensBulk, let bulk = server.bulk, server.peer.bulk.line == nil else { return }
        #expect(server.peer.bulk.take(BulkLine(bulk, bulk)) == nil)
        node?.collector.lineOpened(server.peer.id)
    }

    private func deliver(_ answer: FakeLine.Sent, from sender: Connected) {
        if case .snapshotSlice(let reply, let slice) = answer.message, let bulk = sender.bulk {
            bulk.bring(answer.payload)
            try? node?.collector.receive(
                slice, reply.request, from: sender.peer.id, over: bulk, byteCount: answer.payload.count)
        } else if case .unavailable(let reply, let reason) = answer.message {
            node?.collector.declined(sender.peer.id, reply.request, reason)
        } else {
            node?.mailbox.post(.message(sender.peer, answer.message, bytes: 0))
        }
    }

    /// Turns until nothing happens any more, or a test sees what it waits for.
    func settle(until isThere: () -> Bool = { false }) {
        for _ in 0..<5000 where !isThere() {
            // What was answered in the last turn is handled in one that may bring about nothing more.
            guard turn() || turn() else { return }
        }
    }

    /// Lets time go by, a turn every tenth of a second.
    func wait(_ seconds: Double, until isThere: () -> Bool = { false }) {
        for _ in 0..<Int((seconds * 10).rounded(.up)) where !isThere() {
            world.move(0.1)
            settle(until: isThere)
        }
    }

    /// A person stops the run.
    func stop() { node?.mailbox.post(.stop) }

    /// From here to the end of the run.
    func finish() throws -> RunOutcome {
        let node = try #require(node)
        if node.isFinished { return .finished }
        settle()
        return try node.result()
    }

    // MARK: - Units

    /// A unit's gradient goes to the servers, whose reports come by themselves.
    private func compute(_ lease: Lease) -> UnitDone {
        let shape = catalog[lease.stage].shape
        let isLastPhase = Int(lease.phase) == shape.unitsInPhase.count - 1
        let pushes = shape.commits && isLastPhase
        let flush = Flush(
            term: lease.term, stage: lease.stage, step: lease.step, unit: lease.unit, grant: lease.grant)
        var receipt = AuthenticationCode.none
        for server in servers {
            let sharesRows =
                shape.unitsInPhase.count > 1 && lease.phase == 0
                && server.shard.index == Int(lease.unit.value) % servers.count
            guard pushes || sharesRows else { continue }
            receipt = receipt.joined(with: ReceiptSeal(keys: server.keys, shard: server.shard.index).receipt(flush))
            guard pushes, let report = server.push(lease.unit), let id = id(of: server) else { continue }
            say(report, from: id)
        }
        return UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit,
            loss: 0.5 / Double(lease.step.value + 1), skipped: [], result: (try? results.result(lease)) ?? [],
            computeSeconds: 1, waitSeconds: 0, receipt: receipt)
    }

    /// The newest connection of a server.
    func id(of server: FakeServer) -> PeerID? {
        connected.filter { $0.value.shard == server.shard }.keys.max()
    }

    // MARK: - What is there

    /// The coordinator's log.
    var log: String { (try? String(contentsOfFile: paths.log("coordinator"), encoding: .utf8)) ?? "" }
    var metrics: [StepMetrics] { get throws { try RunFolder(paths.folder).metrics() } }
    var stages: [StageSummary] { get throws { try RunFolder(paths.folder).stages() } }
    var checkpoints: [String] { get throws { try CheckpointStore(folder: paths.checkpoints).folders().sorted() } }

    /// Hashes of the final weights of the training stages.
    var weights: [String] { get throws { try stages.compactMap(\.weightsHash) } }

    /// The status, as a viewer gets it.
    func status() throws -> StatusSnapshot {
        let viewer = joinViewer()
        turn()
        say(.statusRequest, from: viewer.id)
        turn()
        guard case .status(let bytes)? = viewer.line.newest else { throw NoStatus() }
        return try JSONDecoder().decode(StatusSnapshot.self, from: Data(bytes))
    }

    private struct NoStatus: Error {}

    /// What was sent to a peer.
    func sent(to id: PeerID) -> [Message] { orders.filter { $0.to == id }.map(\.message) }
}

extension UnitDone {
    fileprivate static let none = UnitDone(
        lease: 0, stage: StageIndex(0), step: StepIndex(0), phase: 0, unit: UnitIndex(0), loss: 0, skipped: [],
        result: [], computeSeconds: 0, waitSeconds: 0)
}
