import Foundation
import Logging
import MawsBase
import MawsFiles
import MawsProtocol
import MawsState
import MawsTransport
import MawsWire
import Synchronization

/// One parameter server: a thread for the coordinator's orders, one for tensors from and to it, one for each trainer's
/// connection, four that keep time, memory and the state.
package final class ServerNode: Sendable {
    private let options: ServerOptions
    private let identity: TLSIdentity
    private let listener: Listener
    private let lock: FileLock
    private let host: ShardHost
    private let logger: Logger
    private let isStopping = Atomic<Bool>(false)
    /// Wakes the threads that wait for their next turn, each of which wakes one more.
    private let stopped = DispatchSemaphore(value: 0)
    private let trainers = Mutex<[ObjectIdentifier: Connection]>([:])
    private let links = TrainerLinks()

    /// Loads the certificates, takes the state file and starts to listen; each failure is one sentence.
    package init(_ options: ServerOptions, logger: Logger) throws {
        self.options = options
        self.logger = logger
        if MachineBoot.identity == nil {
            let unread = "\(MachineBoot.path) cannot be read: no later process will believe this one's state file, and"
            logger.warning("\(unread) the run goes back to its newest checkpoint when this one ends")
        }
        identity = try TLSIdentity(folder: options.certificates, role: .server)
        if try Folder.makePrivate(options.stateFolder, holding: "shard-") {
            logger.notice("\(options.stateFolder) was open to other users and is no longer: it holds weights")
        }
        lock = try FileLock(path: "\(options.stem).lock")
        let (found, loss) = try Self.found(options)
        if let loss { logger.warning("\(loss)") }
        host = ShardHost(options: options, found: found, loss: loss, logger: logger)
        listener = try Listener(
            host: options.listen.host, port: options.listen.port, identity: identity,
            allowedRoles: [.trainer, .coordinator])
    }

    /// The port trainers reach this server at.
    package var port: UInt16 { listener.port }

    /// Returns when the run is finished; throws the sentence of every other end.
    package func run() throws {
        for warning in identity.warnings { logger.warning("\(warning)") }
        let address = NetworkAddress(host: options.listen.host, port: listener.port)
        logger.info("shard \(options.shard) listens at \(address)")
        for work in [acceptTrainers, keepTime, beat, watchMemory, scrub] { Thread.detachNewThread(work) }
        defer { stop() }
        var search = CoordinatorSearch(options: options, now: host.world.now())
        while true {
            do {
                switch try session() {
                case .finished: return logger.info("the run is finished")
                case .lost(let reason):
                    logger.warning("looking for the coordinator: \(reason)")
                    try search.lost(reason, host.world.now())
                }
            } catch let error where search.isWorthRepeating(error) {
                if search.attempts == 0 { logger.warning("looking for the coordinator: \(error)") }
                try search.failed(error, host.world.now())
            }
            host.world.pause(search.pauseSeconds)
        }
    }

    /// One connection to the coordinator, from dialling to its end.
    private func session() throws -> CoordinatorSession.End {
        let (options, identity) = (options, identity)
        let dial: @Sendable (Double) throws -> Connection = { seconds in
            try Connection.connect(
                host: options.coordinator.host, port: options.coordinator.port, identity: identity,
                expecting: .coordinator, timeoutSeconds: seconds)
        }
        let connection = try dial(10)
        let reachable =
            options.advertisedHost ?? (options.listen.isEveryAddress ? connection.localHost : options.listen.host)
        let session = CoordinatorSession(
            host: host, connection: connection, address: (reachable, listener.port),
            watch: LineWatch(connection, origin: host.origin, redial: dial))
        defer {
            host.state.withLock { $0.coordinator = nil }
            connection.close()
        }
        try session.greet()
        logger.info("joined the coordinator \(connection.peerName)")
        let bulk = BulkSession(host: host, orders: connection) { try dial($0) }
        bulk.begin()
        defer { bulk.end() }
        let end = try session.follow()
        if let failure = bulk.failure { throw failure }
        return end
    }

    private func stop() {
        isStopping.store(true, ordering: .relaxed)
        stopped.signal()
        listener.close()
        for connection in trainers.withLock({ Array($0.values) }) { connection.close() }
    }

    /// Waits; false as soon as the server stops, whose lock its threads hold as long as they are there.
    private func pause(seconds: Double) -> Bool {
        guard stopped.wait(timeout: .now() + seconds) == .success else { return true }
        stopped.signal()
        return false
    }

    // MARK: - Threads

    @Sendable private func acceptTrainers() {
        let reception = Reception(
            listener, budget: ReceptionBudget { _ in MessageBudget.shardClient.connectionsMax },
            admit: { connection in Thread.detachNewThread { [self] in serve(connection) } },
            say: { [self] remark in
                switch remark {
                case .refused(let host, let sentence): self.host.remark(sentence, by: host)
                case .noRoom(let reason): host.remark("no more trainers can join now: \(reason)", by: "")
                }
            })
        do {
            try reception.run()
        } catch {
            logger.critical("no trainer can join any more: \(error)")
            exit(1)
        }
    }

    private func serve(_ connection: Connection) {
        trainers.withLock { $0[ObjectIdentifier(connection)] = connection }
        defer {
            connection.close()
            _ = trainers.withLock { $0.removeValue(forKey: ObjectIdentifier(connection)) }
        }
        do {
            try TrainerSession(host: host, connection: connection, links: links).run()
        } catch {
            if !isStopping.load(ordering: .relaxed) { host.remark("\(error)", by: connection.peer.name) }
        }
    }

    @Sendable private func keepTime() {
        while pause(seconds: 0.1) { host.tick() }
    }

    @Sendable private func watchMemory() {
        guard let watch = options.memoryBytes.map({ ResidentWatch(limitBytes: $0) }) else { return }
        if ResidentWatch.residentBytes == nil {
            logger.warning("the system does not say how much memory is in use: the state leaves it all the time")
        }
        while pause(seconds: ResidentWatch.intervalSeconds) { watch.look(at: host.state.withLock { $0.memory }) }
    }

    @Sendable private func scrub() {
        guard options.scrubShare > 0 else { return }
        let scrub = StateScrub(share: options.scrubShare)
        while pause(seconds: host.look(with: scrub)) {}
    }

    @Sendable private func beat() {
        while pause(seconds: 1) {
            for line in host.remarks.withLock({ $0.due(host.world.now()) }) { logger.warning("\(line)") }
            host.state.withLock { $0.bulk }?.beat()
            // The thread that receives notices the end of a connection.
            try? host.state.withLock { $0.coordinator }?.send(.heartbeat)
        }
    }

    /// The state file an earlier process left, if it can be believed and is of this shard, or why it is not used.
    private static func found(_ options: ServerOptions) throws -> (file: StateFile?, loss: String?) {
        do {
            guard let file = try StateFile.open("\(options.stem).state") else { return (nil, nil) }
            guard file.content.shard == options.shard else {
                return (nil, "the state file is of shard \(file.content.shard) and is not used")
            }
            return (file, nil)
        } catch StorageError.damaged(let path, let reason) {
            return (nil, "the state file is not used: \(StorageError.damaged(path: path, reason: reason))")
        }
    }
}
