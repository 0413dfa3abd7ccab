import Foundation
import Logging
import MawsBase
import MawsTransport
import MawsWire

/// A parameter server on this machine: its certificates, its socket, a thread for each trainer.
package final class ServerMachine: Sendable {
    private let identity: TLSIdentity
    private let node: ServerNode
    private let listener: Listener
    private let address: NetworkAddress
    private let shard: ShardIdentity
    private let logger: Logger

    /// Loads the certificates, takes the state file and starts to listen; each failure is one sentence.
    package init(_ options: ServerOptions, logger: Logger) throws {
        (shard, self.logger) = (options.shard, logger)
        identity = try TLSIdentity(folder: options.certificates, role: .server)
        node = try ServerNode(
            options, world: .machine(coordinator: options.coordinator, identity: identity), logger: logger)
        listener = try Listener(
            host: options.listen.host, port: options.listen.port, identity: identity,
            allowedRoles: [.trainer, .coordinator])
        address = NetworkAddress(host: options.listen.host, port: listener.port)
    }

    /// Returns when the run is finished; throws the sentence of every other end.
    package func run() throws {
        for warning in identity.warnings { logger.warning("\(warning)") }
        logger.info("shard \(shard) listens at \(address)")
        Thread.detachNewThread { [self] in acceptTrainers() }
        defer { listener.close() }
        try node.run(listeningAt: address)
    }

    private func acceptTrainers() {
        let reception = Reception(
            listener, budget: ReceptionBudget { _ in MessageBudget.shardClient.connectionsMax },
            admit: { [node] connection in Thread.detachNewThread { node.serve(connection) } },
            say: { [node] remark in
                switch remark {
                case .refused(let host, let sentence): node.remark(sentence, by: host)
                case .noRoom(let reason): node.remark("no more trainers can join now: \(reason)", by: "")
                }
            })
        do { try reception.run() } catch { self.node.end(ServerError.deaf(reason: "\(error)")) }
    }
}
