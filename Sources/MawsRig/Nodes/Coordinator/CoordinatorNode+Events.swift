import MawsBase
import MawsProtocol
import MawsWire

/// From what reached the mailbox to the core's events.
extension CoordinatorNode {
    func handle(_ event: Event) {
        switch event {
        case .joined(let peer, let hello): join(peer, hello)
        case .message(let peer, let message): receive(message, from: peer.id)
        case .lost(let id, let loss): lose(id, loss)
        case .core(let event): step(event)
        case .stop: step(.stopRequested)
        case .failed(let reason): end(.failed(reason))
        }
    }

    private func join(_ peer: Peer, _ hello: Hello) {
        peer.name = peer.connected.name(among: peers.values.map(\.connected))
        peers[peer.id] = peer
        let connected = peers.values.map(\.connected)
        let replaced = core.replaced(by: peer.connected, hello.server, among: connected)
        // What is put down last is done first.
        switch peer.role {
        case .server:
            guard let server = hello.server else { return }
            next(.core(.serverJoined(peer.id, name: peer.title, server)))
            if hello.term > core.term { next(.core(.newerTermKnown(hello.term, name: peer.title))) }
        case .trainer:
            if !hello.dataFingerprint.isEmpty { next(.event(.message(peer, .hello(hello)))) }
            next(.core(.trainerJoined(peer.id, name: peer.title, certificate: peer.certificate)))
        case .viewer, .coordinator: break
        }
        for (older, reason) in replaced.sorted(by: { $0.key > $1.key }) {
            next(.event(.lost(older, .replaced(reason))))
        }
        peer.isSettled = true
    }

    private func lose(_ id: PeerID, _ loss: PeerLoss) {
        guard let peer = peers.removeValue(forKey: id) else { return }
        world.say("the coordinator loses \(peer.name): \(loss)")
        peer.leave()
        restorers.removeValue(forKey: id)?.cancel()
        collector.lost(id)
        step(.peerLost(id, loss))
    }

    func welcome(_ peer: Peer) {
        let plan: [UInt8] = peer.role == .trainer ? [1] : []
        let welcome = Message.welcome(Welcome(term: core.term, plan: plan, runID: runID))
        if peer.role == .server { peer.bulk.open(welcome, world.now) }
        peer.end.send(welcome)
    }

    private func receive(_ message: Message, from id: PeerID) {
        guard let peer = peers[id] else { return }
        switch (peer.role, message) {
        case (.trainer, .hello(let hello)): admit(peer, hello)
        case (.trainer, .leaseRequest(let shares)): step(.leaseRequested(id, shares: shares))
        case (.trainer, .unitDone(let done)): step(.unitDone(id, done))
        case (.trainer, .unitFailed(let failed)): step(.unitFailed(id, failed))
        case (.server, .reduced(let report)):
            let stage = Int(report.stage.value)
            if report.stage == core.stage.index, let shard = peer.shard,
                !commitRule(stage).takes(report.chunkSquares, of: shard)
            {
                return refuse(peer, .noReport(stage: core.stage.index, step: report.step))
            }
            step(.reduced(id, report))
        case (.server, .restored(let reply, let stage, let step)):
            self.step(.restored(id, reply, RunPosition(stage: stage, step: step)))
        case (.server, .applied(let reply, let stage, let step)):
            self.step(.applied(id, reply, RunPosition(stage: stage, step: step)))
        case (.server, .restoreRequest(let reply, let received)):
            restorers[id]?.asked(reply, received: Int(received))
        case (.server, .unavailable): break
        default: refuse(peer, .notItsMessage(peer.role))
        }
    }

    func commitRule(_ stage: Int) -> CommitRule {
        CommitRule(table: tables[stage], clipNorm: shape.stages[stage].clipNorm, skipsMax: 0)
    }

    private func admit(_ peer: Peer, _ hello: Hello) {
        switch admission.admit(hello) {
        case .refused(let refusal): refuse(peer, refusal)
        case .admitted: step(.trainerReady(peer.id))
        }
    }

    func refuse(_ peer: Peer, _ refusal: AdmissionRefusal) {
        world.say("the coordinator refuses \(peer.name): \(refusal)")
        world.refused(peer.name, refusal)
        peer.dismiss(mayTryAgain: refusal.mayTryAgain)
    }

    // MARK: - Time

    func look() {
        let lines = peers.mapValues { $0.beats(world.nanoseconds) }
        for action in heartbeats.tick(lines, now: world.now) {
            switch action {
            case .beat: beat()
            case .look(let id): if let peer = peers[id] { holderCheck.begin(peer) }
            case .lose(let id, let seconds): next(.event(.lost(id, .silent(seconds: seconds))))
            }
        }
        refuseServersWithoutBulk()
    }

    private func beat() {
        for (_, peer) in peers.sorted(by: { $0.key < $1.key }) {
            if !peer.end.isSending { peer.end.send(.heartbeat) }
            if let line = peer.bulk.line, !line.isSending { line.send(.heartbeat) }
        }
    }

    private func refuseServersWithoutBulk() {
        let limit = Self.heartbeatTimeoutSeconds
        for (id, peer) in peers.sorted(by: { $0.key < $1.key }) where !peer.isFinishing {
            let isNeeded = collector.awaits(id) || restorers[id] != nil && core.isBusy(id)
            guard let seconds = peer.bulk.emptySeconds(world.now), seconds >= limit, isNeeded else { continue }
            refuse(peer, .noBulk(seconds: Int(seconds)))
        }
    }
}
