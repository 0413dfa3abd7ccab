import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// One connection to the coordinator: hello, then its orders until it ends. Tensors have another (`BulkSession`).
package final class CoordinatorSession {
    package enum End: Hashable, Sendable {
        /// The run is over.
        case finished
        case lost(reason: String)
    }

    private let host: ShardHost
    private let connection: any ShardChannel
    private let address: (host: String, port: UInt16)
    private let watch: any OrderWatch

    /// - Parameters:
    ///   - address: where trainers reach this server.
    ///   - watch: of this connection.
    package init(
        host: ShardHost, connection: any ShardChannel, address: (host: String, port: UInt16), watch: any OrderWatch
    ) {
        (self.host, self.connection, self.address, self.watch) = (host, connection, address, watch)
    }

    /// Says hello; throws `refused` with the coordinator's sentence.
    package func greet() throws {
        try connection.send(.hello(host.hello(address)))
        let incoming = try connection.receive(timeoutSeconds: host.options.coordinatorTimeoutSeconds)
        switch incoming.message {
        case .welcome: try host.joined(connection)
        case .refused(let reason, let mayTryAgain):
            throw ServerError.refused(
                address: "\(host.options.coordinator)", reason: reason, mayTryAgain: mayTryAgain)
        default: throw violation("it answered hello with another message than welcome")
        }
    }

    /// Follows orders. Throws what this process cannot go on with, a full disk for instance.
    package func follow() throws -> End {
        watch.begin()
        defer { watch.end() }
        let seconds = host.options.coordinatorTimeoutSeconds
        while true {
            let incoming: Incoming
            do {
                incoming = try connection.receive(timeoutSeconds: seconds)
            } catch TransportError.timedOut where watch.wasWhole(withinSeconds: seconds) {
                continue
            } catch {
                return .lost(reason: watch.isDead ? LineWatch.deadReason : "\(error)")
            }
            do {
                if let end = try watch.whileHeldUp({ try obey(incoming) }) { return end }
            } catch let error as TransportError {
                return .lost(reason: "\(error)")
            } catch ServerError.breach(let peer, let reason) {
                return .lost(reason: "\(ServerError.breach(peer: peer, reason: reason))")
            }
        }
    }

    private func obey(_ incoming: Incoming) throws -> End? {
        guard incoming.payloadCount == 0 else { throw violation(.noPayloadDue) }
        switch incoming.message {
        case .heartbeat: break
        case .configure(let configuration):
            // An evaluation reports no steps: its bytes must not reach the first step of the stage after it.
            host.count { $0 = ShardHost.Traffic() }
            try host.inTurn { try host.handle(.configured(configuration)) }
        case .commit(let commit): try host.inTurn { try host.handle(.committed(commit)) }
        case .freeze(let request, let stage, let step):
            try host.inTurn { try host.handle(.freeze(request, stage: stage, step: step)) }
        case .thaw(let request): try host.inTurn { try host.handle(.thaw(request)) }
        case .shutdown(true, _): return .finished
        case .refused(let reason, true): return .lost(reason: "it refused this server: \(reason)")
        case .shutdown(false, let reason), .refused(let reason, false): throw ServerError.stopped(reason: reason)
        default: throw violation(.notForOrders)
        }
        return nil
    }

    private func violation(_ breach: ShardBreach) -> ServerError { violation(breach.sentence(at: host.options.shard)) }

    private func violation(_ reason: String) -> ServerError {
        .breach(peer: "the coordinator \(connection.peerName)", reason: reason)
    }
}

extension ShardHost {
    /// The first message to a coordinator. It waits for a commit that is being applied, so that it tells the truth.
    func hello(_ address: (host: String, port: UInt16)) -> Hello {
        while state.withLock({ $0.core.isApplying }) { world.pause(0.005) }
        let server = state.withLock { $0.core.hello(host: address.host, port: address.port) }
        return Hello(
            protocolVersion: ProtocolVersion.current, role: .server, name: options.name, computeProfile: "",
            dataFingerprint: "", server: server, term: state.withLock { $0.core.term }, origin: origin)
    }
}
