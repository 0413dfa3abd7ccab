import Logging
import MawsBase
import MawsFiles
import MawsProtocol
import MawsState
import MawsTransport
import MawsWire
import Synchronization

/// One parameter server: what it finds of its state, the search for its coordinator, one session after the other, what
/// it does again and again beside them, and its end. `ServerMachine` joins it to this machine.
package final class ServerNode: Sendable {
    private static let tickSeconds = 0.1
    private static let beatSeconds = 1.0

    private struct Lines {
        /// To the coordinator and to trainers.
        var open: [ObjectIdentifier: any ShardChannel] = [:]
        var isOver = false
        /// What this process cannot go on with.
        var failure: (any Error)?
    }

    let world: ServerWorld
    private let options: ServerOptions
    private let lock: FileLock
    private let host: ShardHost
    private let logger: Logger
    private let lines = Mutex(Lines())
    private let links = TrainerLinks()

    /// Takes the state file; each failure is one sentence.
    package init(_ options: ServerOptions, world: ServerWorld, logger: Logger) throws {
        (self.options, self.world, self.logger) = (options, world, logger)
        if world.boot == nil {
            let unread = "\(MachineBoot.path) cannot be read: no later process will believe this one's state file, and"
            logger.warning("\(unread) the run goes back to its newest checkpoint when this one ends")
        }
        if options.memoryBytes != nil, world.residentBytes() == nil {
            logger.warning("the system does not say how much memory is in use: the state leaves it all the time")
        }
        if try Folder.makePrivate(options.stateFolder, holding: "shard-") {
            logger.notice("\(options.stateFolder) was open to other users and is no longer: it holds weights")
        }
        lock = try world.access(.lock) { try FileLock(path: "\(options.stem).lock") }
        let (found, loss) = try Self.found(options, world)
        if let loss { logger.warning("\(loss)") }
        host = ShardHost(options: options, found: found, loss: loss, logger: logger, world: world)
    }

    /// The state file an earlier process left, if it can be believed and is of this shard, or why it is not used.
    private static func found(_ options: ServerOptions, _ world: ServerWorld) throws -> (StateFile?, loss: String?) {
        do {
            let file = try world.access(.open) { try StateFile.open("\(options.stem).state", boot: world.boot) }
            guard let file else { return (nil, nil) }
            guard file.content.shard == options.shard else {
                return (nil, "the state file is of shard \(file.content.shard) and is not used")
            }
            return (file, nil)
        } catch StorageError.damaged(let path, let reason) {
            return (nil, "the state file is not used: \(StorageError.damaged(path: path, reason: reason))")
        }
    }

    // MARK: - Its life

    /// Returns when the run is finished or the server was stopped; throws the sentence of every other end.
    ///
    /// - Parameter listens: where trainers come from, who are brought to `serve`.
    package func run(listeningAt listens: NetworkAddress) throws {
        defer { end() }
        beginChores()
        var search = CoordinatorSearch(options: options, now: world.now())
        while true {
            let end = Result { try session(listens) }
            if lines.withLock({ $0.isOver }) { break }
            switch end {
            case .success(.finished): return logger.info("the run is finished")
            case .success(.lost(let reason)):
                logger.warning("looking for the coordinator: \(reason)")
                try search.lost(reason, world.now())
            case .failure(let error):
                guard search.isWorthRepeating(error) else { throw error }
                if search.attempts == 0 { logger.warning("looking for the coordinator: \(error)") }
                try search.failed(error, world.now())
            }
            world.pause(search.pauseSeconds)
        }
        if let failure = lines.withLock({ $0.failure }) { throw failure }
    }

    /// Ends all that is under way, and lets nobody in any more. The state file holds what it held.
    ///
    /// - Parameter failure: what this process cannot go on with, if that is why.
    package func end(_ failure: (any Error)? = nil) {
        let open = lines.withLock { lines in
            if !lines.isOver { (lines.isOver, lines.failure) = (true, failure) }
            return lines.open.values
        }
        for line in open { line.close() }
    }

    /// One connection to the coordinator, from dialling to its end.
    private func session(_ listens: NetworkAddress) throws -> CoordinatorSession.End {
        let line = try world.dialOrders(host.origin)
        let reachable =
            options.advertisedHost ?? (options.listen.isEveryAddress ? line.localHost : options.listen.host)
        return try whileOpen(line.channel) {
            defer { host.state.withLock { $0.coordinator = nil } }
            let session = CoordinatorSession(
                host: host, connection: line.channel, address: (reachable, listens.port), watch: line.watch)
            try session.greet()
            logger.info("joined the coordinator \(line.channel.peerName)")
            let bulk = BulkSession(host: host, orders: line.channel)
            bulk.begin()
            defer { bulk.end() }
            let end = try session.follow()
            if let failure = bulk.failure { throw failure }
            return end
        }
    }

    /// Serves a peer that has proven who it is, to the end of its connection.
    package func serve(_ channel: any ShardChannel) {
        do {
            try whileOpen(channel) { try TrainerSession(host: host, connection: channel, links: links).run() }
        } catch let error as StorageError {
            // The trainer has no part in what the disk does not take.
            end(error)
        } catch {
            if !lines.withLock({ $0.isOver }) { remark("\(error)", by: channel.peer.name) }
        }
    }

    /// A line about what others bring about.
    func remark(_ sentence: String, by source: String) { host.remark(sentence, by: source) }

    /// The server's end closes the connection meanwhile, and it is closed after.
    private func whileOpen<Result>(_ channel: any ShardChannel, _ body: () throws -> Result) throws -> Result {
        let isTaken = lines.withLock { lines in
            if !lines.isOver { lines.open[ObjectIdentifier(channel)] = channel }
            return !lines.isOver
        }
        defer {
            channel.close()
            _ = lines.withLock { $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        guard isTaken else { throw TransportError.closed(peer: channel.peerName) }
        return try body()
    }

    // MARK: - What is done again and again

    private func beginChores() {
        let scrub = StateScrub(share: options.scrubShare)
        chore { try $0.keepTime() }
        chore { $0.beat() }
        if let watch = options.memoryBytes.map({ ResidentWatch(limitBytes: $0) }) {
            chore { node in
                watch.look(at: node.host.state.withLock { $0.memory }, residentBytes: node.world.residentBytes())
                return ResidentWatch.intervalSeconds
            }
        }
        if options.scrubShare > 0 { chore { $0.host.look(with: scrub) } }
    }

    /// - Parameter turn: gives the seconds until its next turn; what it throws ends the server.
    private func chore(_ turn: @escaping @Sendable (ServerNode) throws -> Double) {
        world.beside { [weak self] in
            guard let self, !lines.withLock({ $0.isOver }) else { return nil }
            do { return try turn(self) } catch {
                end(error)
                return nil
            }
        }
    }

    private func keepTime() throws -> Double {
        try host.tick()
        return Self.tickSeconds
    }

    private func beat() -> Double {
        for line in host.remarks.withLock({ $0.due(world.now()) }) { logger.warning("\(line)") }
        host.state.withLock { $0.bulk }?.beat()
        // The thread that receives notices the end of a connection.
        try? host.state.withLock { $0.coordinator }?.send(.heartbeat)
        return Self.beatSeconds
    }
}
