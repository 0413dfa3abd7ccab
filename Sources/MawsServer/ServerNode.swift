import Foundation
import Glibc
import Logging
import MawsBase
import MawsProtocol
import MawsStorage
import MawsTransport
import MawsWire
import Synchronization

/// One parameter server: a thread for the coordinator, one for each trainer's connection, one that keeps time.
public final class ServerNode: Sendable {
    private let options: ServerOptions
    private let identity: TLSIdentity
    private let listener: Listener
    private let lock: FileLock
    private let host: ShardHost
    private let logger: Logger
    private let isStopping = Atomic<Bool>(false)

    /// Loads the certificates, takes the state file and starts to listen; each failure is one sentence.
    public init(_ options: ServerOptions, logger: Logger) throws {
        self.options = options
        self.logger = logger
        identity = try TLSIdentity(folder: options.certificates, role: .server)
        try Folder.make(options.stateFolder, mode: 0o700)
        lock = try FileLock(path: "\(options.stem).lock")
        host = ShardHost(options: options, found: try Self.found(options, logger), logger: logger)
        listener = try Listener(
            host: options.listenHost, port: options.listenPort, identity: identity, allowedRoles: [.trainer])
    }

    /// The port trainers reach this server at.
    public var port: UInt16 { listener.port }

    /// Returns when the run is finished; throws the sentence of every other end.
    public func run() throws {
        logger.info("shard \(options.shard) listens at \(options.listenHost):\(listener.port)")
        Thread.detachNewThread { [self] in acceptTrainers() }
        Thread.detachNewThread { [self] in keepTime() }
        Thread.detachNewThread { [self] in beat() }
        defer {
            isStopping.store(true, ordering: .relaxed)
            listener.close()
            host.state.withLock { $0.coordinator }?.close()
        }
        var absentSince = Moment.now()
        var lastReason = "not tried yet"
        var attempt = 0
        while true {
            let wasWelcome = attempt == 0 && lastReason != "not tried yet"
            switch try session(mayBeRefused: wasWelcome) {
            case .success(.finished):
                logger.info("the run is finished")
                return
            case .success(.lost(let reason)):
                (absentSince, attempt, lastReason) = (.now(), 0, reason)
                logger.warning("looking for the coordinator: \(reason)")
                if options.exitsWithCoordinator {
                    throw ServerError.coordinatorGone(address: options.coordinator, reason: reason)
                }
            case .failure(let error):
                (attempt, lastReason) = (attempt + 1, "\(error)")
            }
            try giveUpAfterLong(absentSince, lastReason)
            Pause.milliseconds(min(5000, 250 << min(attempt, 5)))
        }
    }
}
