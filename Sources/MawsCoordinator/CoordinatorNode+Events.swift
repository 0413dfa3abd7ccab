import Foundation
import Logging
import MawsBase
import MawsDatabase
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsReport
import MawsTransport
import MawsWire

/// From what reached the mailbox to the core's events.
extension CoordinatorNode {
    /// More than any server takes or gives in a step: 16 TiB. Sums of many such figures are still numbers.
    private static let bytesOfAStepMax: UInt64 = 1 << 44

    func handle(_ event: NodeEvent) throws {
        let now = world.now()
        switch event {
        case .joined(let peer, let hello):
            defer { peer.inbox.leave(0) }
            try join(peer, hello, now)
        case .message(let peer, let message, let bytes):
            defer { peer.inbox.leave(bytes) }
            try receive(message, from: peer.id, now)
        case .lost(let id, let loss): try lose(id, loss, now)
        case .core(let event):
            let stage = core.stage.index
            if case .stagePrepared = event { progress.beginStage(now) }
            if case .checkpointTaken(let position) = event { logCheckpoint(position) }
            try perform(core.step(event, now: now))
            if case .stagePrepared(let stage) = event {
                logBegin(RunPosition(stage: stage, step: StepIndex(0)))
                logSamples(startOf: stage)
            }
            if case .checkpointFound(let found) = event {
                if found.stage != stage { progress.beginStage(now) }
                logBegin(found)
            }
        case .childEnded(let name, let status):
            logger.warning("\(name) ended with \(status)")
            try children?.ended(name)
        case .stop:
            logger.notice("stopping: a checkpoint first", metadata: place)
            display.say(
                "Stopping: the step under way is finished or given up, and a checkpoint written. Ctrl-C again ends at "
                    + "once; no committed step is lost either way.")
            try perform(core.step(.stopRequested, now: now))
        case .failed(let sentence): failure = sentence
        case .note(let sentence): logger.warning("\(sentence)")
        case .remark(let sentence, let source): remark(sentence, by: source)
        }
    }

    /// A line about what a peer brings about: the log is not the peers'.
    func remark(_ sentence: String, by source: String, level: Logger.Level = .warning) {
        if let line = remarks.add(sentence, from: source, now: world.now()) { logger.log(level: level, "\(line)") }
    }

    /// All viewers that asked since the last time get one picture of now.
    func answerViewers(_ now: Moment) throws {
        guard !askers.isEmpty else { return }
        let status = Message.status(Array(try JSONEncoder().encode(snapshot(now))))
        for id in askers { peers[id]?.outbox.replace(status) }
        askers = []
    }

    private func join(_ newcomer: Peer, _ hello: Hello, _ now: Moment) throws {
        let peer = named(newcomer)
        peers[peer.id] = peer
        let connected = peers.values.map(\.connected)
        let replaced = core.replaced(by: peer.connected, hello.server, among: connected)
        for (older, reason) in replaced.sorted(by: { $0.key < $1.key }) { try lose(older, .replaced(reason), now) }
        remark("the \(peer.role) \(peer.label) joined", by: peer.source, level: .info)
        if let warning = peer.certificateWarning { logger.warning("\(warning)") }
        switch peer.role {
        case .server:
            guard let server = hello.server else { return }
            try keep(MachineRecord(name: peer.title, role: "server", address: peer.connection.remoteAddress))
            if hello.term > core.term {
                try perform(core.step(.newerTermKnown(hello.term, name: peer.title), now: now))
            }
            try perform(core.step(.serverJoined(peer.id, name: peer.title, server), now: now))
        case .trainer:
            try perform(core.step(.trainerJoined(peer.id, name: peer.title, certificate: peer.certificate), now: now))
            // A trainer that comes back knows its data already.
            if !hello.dataFingerprint.isEmpty { try admit(peer, hello, now) }
        case .viewer, .coordinator: welcome(peer)
        }
    }

    /// Who joined, for the report.
    private func keep(_ machine: MachineRecord) throws {
        try world.write(.records) { try recorder.machine(machine) }
    }

    private func lose(_ id: PeerID, _ loss: PeerLoss, _ now: Moment) throws {
        guard let peer = peers.removeValue(forKey: id) else { return }
        productRates[id] = nil
        peer.end()
        askers.remove(id)
        restorers.removeValue(forKey: id)?.cancel()
        // Here, not on the receiving thread: a checkpoint that is asked for between the loss and this event counts
        // on the lost server and would never end.
        collector.lost(id)
        if peer.role != .viewer { try perform(core.step(.peerLost(id, loss), now: now)) }
    }

    /// Nothing came from a peer for too long. Nobody misses a viewer, but for this line.
    func loseSilent(_ id: PeerID, _ seconds: Double, _ now: Moment) throws {
        guard let peer = peers[id] else { return }
        let loss = PeerLoss.silent(seconds: seconds)
        if peer.role == .viewer { remark("\(peer.title) left: \(loss)", by: peer.source) }
        try lose(id, loss, now)
    }

    func welcome(_ peer: Peer) {
        let planBytes = peer.role == .trainer ? planJSON : []
        let welcome = Message.welcome(Welcome(term: core.term, plan: planBytes, runID: identity.id))
        if peer.role == .server { peer.bulk.open(welcome, world.now()) }
        send(welcome, to: peer)
    }

    private func receive(_ message: Message, from id: PeerID, _ now: Moment) throws {
        guard let peer = peers[id] else { return }
        switch (peer.role, message) {
        case (.trainer, .hello(let hello)): try admit(peer, hello, now)
        case (.trainer, .leaseRequest(let shares)):
            try perform(core.step(.leaseRequested(id, shares: shares), now: now))
        case (.trainer, .unitDone(let done)):
            if core.awaits(done, from: id),
                let fault = recorder.fault(of: done, from: id, hasOthers: core.readyTrainers > 1)
            {
                try perform(core.step(.misbehaved(id, fault), now: now))
            } else {
                try perform(core.step(.unitDone(id, done), now: now))
            }
        case (.trainer, .unitFailed(let failed)):
            if let sample = failed.sample, !catalog.mayHave(sample) {
                try perform(core.step(.misbehaved(id, .sampleOfNoSplit(index: sample.index)), now: now))
            } else {
                try perform(core.step(.unitFailed(id, failed), now: now))
            }
        case (.server, .reduced(let report)):
            guard fits(report, of: peer) else {
                return refuse(peer, .noReport(stage: core.stage.index, step: report.step))
            }
            try perform(core.step(.reduced(id, report), now: now))
        case (.server, .restored(let reply, let stage, let step)):
            try perform(core.step(.restored(id, reply, RunPosition(stage: stage, step: step)), now: now))
        case (.server, .applied(let reply, let stage, let step)):
            try perform(core.step(.applied(id, reply, RunPosition(stage: stage, step: step)), now: now))
        case (.server, .restoreRequest(let reply, let received)):
            restorers[id]?.asked(reply, received: Int(received))
        case (.server, .unavailable(_, let reason)):
            // It ends the connection itself where it cannot go on; its next hello says what it holds.
            remark("\(peer.name) says: \(reason)", by: peer.source)
        case (.viewer, .statusRequest): askers.insert(id)
        default: refuse(peer, .notItsMessage(peer.role))
        }
    }

    /// What is of another stage the core skips.
    private func fits(_ report: Reduced, of peer: Peer) -> Bool {
        guard max(report.bytesPushed, report.bytesGathered) <= Self.bytesOfAStepMax else { return false }
        guard report.stage == core.stage.index, let shard = peer.shard else { return true }
        return catalog[report.stage].commitRule.takes(report.chunkSquares, of: shard)
    }

    /// A trainer is let in when it computes the same bits from the same data as the others.
    private func admit(_ peer: Peer, _ hello: Hello, _ now: Moment) throws {
        let profile: ComputeProfile
        switch admission.admit(hello) {
        case .refused(let refusal): return refuse(peer, refusal)
        case .admitted(let own): profile = own
        }
        let rate = hello.productRate.isFinite ? max(hello.productRate, 0) : 0
        productRates[peer.id] = rate
        try keep(
            MachineRecord(
                name: peer.title, role: "trainer", address: peer.connection.remoteAddress,
                compute: profile.description, productRate: rate > 0 ? rate : nil))
        peer.admission.grant()
        try perform(core.step(.trainerReady(peer.id), now: now))
    }

    /// Tells the peer why, and closes a little later: a close at once could overtake the sentence.
    func refuse(_ peer: Peer, _ refusal: AdmissionRefusal) {
        remark("the \(peer.role) \(peer.label) was refused: \(refusal)", by: peer.source)
        peer.dismiss("\(refusal)", mayTryAgain: refusal.mayTryAgain)
    }
}
