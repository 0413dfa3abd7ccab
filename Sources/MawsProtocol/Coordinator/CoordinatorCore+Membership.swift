import MawsBase
import MawsWire

/// Who comes, who goes, and what a server that came back has to do.
extension CoordinatorCore {
    mutating func serverJoined(_ peer: PeerID, _ name: String, _ hello: ServerHello, _ now: Moment)
        -> [CoordinatorAction]
    {
        let shard = hello.shard
        guard shard.count == servers.count else {
            return [.refuse(peer, .otherShardCount(name: name, shard, due: servers.count))]
        }
        if let holder = servers[shard.index] {
            return [.refuse(peer, .shardServed(shard, by: holder.name, host: holder.address.host))]
        }
        servers[shard.index] = Server(
            peer: peer, name: name, address: ServerAddress(shard: shard, host: hello.host, port: hello.port),
            hello: hello)
        return [.welcome(peer), .note(.serverJoined(name: name, shard))] + rosterActions() + assemble(now)
    }

    /// Who serves a shard now.
    package func holder(of shard: ShardIdentity) -> PeerID? {
        shard.count == servers.count ? servers[shard.index]?.peer : nil
    }

    /// Whether a newcomer that has the shard's state takes the place of its holder: nothing was heard of the holder for
    /// so long that its machine or its line is gone. A newcomer without the state waits until that is certain, as
    /// taking its word would cost the steps since the checkpoint.
    package func mayReplace(_ holder: PeerID, _ hello: ServerHello, silentSeconds: Double) -> Bool {
        self.holder(of: hello.shard) == holder && silentSeconds >= Self.silentServerSeconds && fits(hello)
    }

    mutating func trainerJoined(
        _ peer: PeerID, _ name: String, _ certificate: String, _ now: Moment
    ) -> [CoordinatorAction] {
        trainers[peer] = Trainer(name: name, certificate: certificate)
        suspects = suspects.filter { $0.value > now }
        if let until = suspects[certificate] {
            trainers[peer]?.setAside = (.certificate, until)
        }
        return [.welcome(peer), .remark(peer, .trainerJoined(name: name)), .send(peer, .roster(roster))]
    }

    mutating func trainerReady(_ peer: PeerID, _ now: Moment) -> [CoordinatorAction] {
        guard let trainer = trainers[peer], !trainer.isReady else { return grantLeases(now) }
        trainers[peer]?.isReady = true
        speeds.add(trainer)
        return grantLeases(now)
    }

    mutating func peerLost(_ peer: PeerID, _ loss: PeerLoss, _ now: Moment) -> [CoordinatorAction] {
        if let trainer = trainers.removeValue(forKey: peer) {
            ledger.revoke(of: peer)
            waiting.remove(peer)
            answered.remove(peer)
            speeds.remove(trainer)
            return [.remark(peer, .trainerLeft(name: trainer.name, loss))] + grantLeases(now)
        }
        guard let index = servers.firstIndex(where: { $0?.peer == peer }), let server = servers[index] else {
            return []
        }
        servers[index] = nil
        serverAwaySince[index] = now
        if mode == .computing || mode == .applying || mode == .deciding { mode = .assembling }
        let fact = RunFact.serverLeft(name: server.name, server.hello.shard, loss)
        return [.note(fact)] + (isStopping ? assemble(now) : [])
    }

    var roster: Roster { Roster(servers: readyServers.map(\.address)) }

    func rosterActions() -> [CoordinatorAction] {
        trainers.keys.sorted().map { .send($0, .roster(roster)) }
    }

    /// Brings every server to the committed version once all shards have one: kept state where it fits, the checkpoint
    /// and exact recomputation where one server lost its own.
    mutating func assemble(_ now: Moment) -> [CoordinatorAction] {
        guard mode == .assembling else { return [] }
        guard readyServers.count == servers.count else {
            // Who stops does not wait for a server that may not come back: what is committed is durable.
            guard isStopping else { return [] }
            mode = .ended
            return [.runStopped]
        }
        guard !readyServers.contains(where: \.isBusy) else { return [] }
        let stateless = readyServers.filter { $0.version == nil }
        if stateless.isEmpty { return areServersCurrent ? goOn(now) : [] }
        if stateless.allSatisfy({ fits($0.hello) }) { return stateless.flatMap { keep($0) } }
        // One that is under way without those who lost their states may be the newest before long.
        return underWay == nil ? restoreAll() : []
    }

    var areServersCurrent: Bool {
        for server in servers where server?.version != position.step { return false }
        return true
    }

    /// Whether the state file is at the committed version, or one commit short of it with the gradient at hand.
    private func fits(_ hello: ServerHello) -> Bool {
        guard hello.runID == runID, hello.stage == position.stage else { return false }
        if hello.step == position.step { return true }
        return hello.hasReduced && hello.step.next == position.step && lastCommit?.step == hello.step
    }

    private mutating func keep(_ server: Server) -> [CoordinatorAction] {
        let index = server.hello.shard.index
        configuring(index)
        let keepsStep = !dropsStep || server.hello.step < position.step
        var actions: [CoordinatorAction] = [.configure(server.peer, keepsState: true, keepsStep: keepsStep)]
        if server.hello.step < position.step, let lastCommit {
            var commit = lastCommit
            commit.term = term
            actions.append(.send(server.peer, .commit(commit)))
        }
        return actions
    }

    private mutating func restoreAll() -> [CoordinatorAction] {
        guard let checkpointPosition else { return search(position.stage) }
        var actions: [CoordinatorAction] = []
        if checkpointPosition < position {
            actions += [.note(.stateGone), .rollBack(checkpointPosition)]
            position = checkpointPosition
        }
        lastCommit = nil
        losses = []
        forgetPushes()
        // Trainers may still be at units of this very step, under the same term.
        if let newestLeased, newestLeased >= position { knowsWhoMayHavePushed = false }
        // What they said at hello speaks of states that are replaced now.
        forgetServers()
        for index in servers.indices {
            guard let peer = servers[index]?.peer else { continue }
            configuring(index)
            actions += [.configure(peer, keepsState: false), .restore(peer, position)]
        }
        return actions
    }

    /// From here on only answers to this configuration count.
    mutating func configuring(_ index: Int) {
        configureCounts[index] += 1
        renewReceiptKey(index)
        servers[index]?.isBusy = true
        servers[index]?.configured = Reply(term: term, request: RequestNumber(configureCounts[index]))
    }

    /// What the answers of a server have to say.
    package func reply(of server: PeerID) -> Reply? { servers.first { $0?.peer == server }??.configured }

    /// Whether a server was configured and has not answered yet.
    package func isBusy(_ server: PeerID) -> Bool { servers.contains { $0?.peer == server && $0?.isBusy == true } }

    /// The place of the server that sent this, unless it speaks of an older state or term.
    func index(of peer: PeerID, saying reply: Reply) -> Int? {
        servers.firstIndex { $0?.peer == peer && $0?.configured == reply }
    }

    mutating func restored(
        _ peer: PeerID, _ reply: Reply, _ restoredPosition: RunPosition, _ now: Moment
    ) -> [CoordinatorAction] {
        guard let index = index(of: peer, saying: reply), restoredPosition.stage == position.stage
        else { return [] }
        // A server that kept a state one commit short answers at its old version first, then `applied` after the
        // commit.
        guard restoredPosition.step == position.step else { return [] }
        servers[index]?.isBusy = false
        servers[index]?.version = restoredPosition.step
        return assemble(now)
    }
}
