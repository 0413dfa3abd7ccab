import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization

/// One connection to the coordinator: hello, then its orders until it ends.
final class CoordinatorSession {
    enum End {
        /// The run is over.
        case finished
        case lost(reason: String)
    }

    private let host: ShardHost
    private let connection: Connection
    private let address: (host: String, port: UInt16)
    private let watch: LineWatch

    /// - Parameters:
    ///   - address: where trainers reach this server.
    ///   - redial: makes another connection to the coordinator.
    init(
        host: ShardHost, connection: Connection, address: (host: String, port: UInt16),
        redial: @escaping @Sendable (_ seconds: Double) throws -> Connection
    ) {
        self.host = host
        self.connection = connection
        self.address = address
        watch = LineWatch(connection, origin: host.origin, redial: redial)
    }

    /// Says hello; throws `refused` with the coordinator's sentence.
    func greet() throws {
        try connection.send(.hello(host.hello(address)))
        let incoming = try connection.receive(timeoutSeconds: host.options.coordinatorTimeoutSeconds)
        switch incoming.message {
        case .welcome: try host.joined(connection)
        case .refused(let reason, let mayTryAgain):
            throw ServerError.refused(
                address: "\(host.options.coordinator)", reason: reason, mayTryAgain: mayTryAgain)
        default: throw rubbish("it answered hello with another message than welcome")
        }
    }

    /// Follows orders. Throws what this process cannot go on with, a full disk for instance.
    func follow() throws -> End {
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
            } catch ServerError.rubbish(let peer, let reason) {
                return .lost(reason: "\(ServerError.rubbish(peer: peer, reason: reason))")
            }
        }
    }

    private func obey(_ incoming: Incoming) throws -> End? {
        if case .restore(let request, let slice) = incoming.message {
            try restore(request, slice, incoming.payloadCount)
            return nil
        }
        guard incoming.payloadCount == 0 else { throw rubbish(.noPayloadDue) }
        switch incoming.message {
        case .heartbeat: break
        case .configure(let configuration):
            // An evaluation reports no steps: its bytes must not reach the first step of the stage after it.
            host.count { $0 = ShardHost.Traffic() }
            try host.handle(.configured(configuration))
        case .restoreDone(let request, let stage, let step):
            try settle(host.handle(.restoreDone(request, stage: stage, step: step)))
        case .commit(let commit): try host.handle(.committed(commit))
        case .snapshot(let request, let slice): try snapshot(request, slice)
        case .shutdown(true, _): return .finished
        case .refused(let reason, true): return .lost(reason: "it refused this server: \(reason)")
        case .shutdown(false, let reason), .refused(let reason, false): throw ServerError.stopped(reason: reason)
        default: throw rubbish(.notForServers)
        }
        return nil
    }

    private func restore(_ request: RequestNumber, _ slice: TensorSlice, _ payloadCount: Int) throws {
        let (verdict, memory) = try host.announce(.restoreAnnounced(request, slice))
        guard case .receiveSlice = verdict, let memory else {
            try connection.discardPayload()
            return try settle([verdict])
        }
        let target = memory.restoreTarget(slice)
        guard payloadCount == target.count else {
            throw rubbish("it restores \(payloadCount) bytes of a slice of \(target.count)")
        }
        if payloadCount > 0 { try connection.receivePayload(into: target) }
        memory.restored(slice)
        try host.handle(.restoreReceived(slice))
    }

    private func snapshot(_ request: RequestNumber, _ slice: TensorSlice) throws {
        try host.withAnswer(connection, request, { .snapshotRequested($0, slice) }) { answer, memory, reply in
            switch answer {
            case .serve(_, let slice):
                guard let memory else { preconditionFailure("served without memory") }
                try serve(reply, slice, of: memory)
            case .decline(_, let lack):
                let reason = lack.sentence(of: host.options.shard)
                try connection.send(.unavailable(reply, reason))
                throw rubbish("it asked for what is not here: \(reason)")
            default:
                preconditionFailure("\(answer) is no answer")
            }
        }
    }

    private func serve(_ reply: Reply, _ slice: TensorSlice, of memory: ShardMemory) throws {
        let bytes: UnsafeRawBufferPointer
        do {
            bytes = try memory.bytes(of: slice)
        } catch {
            // The coordinator is told why, and this connection ended.
            try host.found(error, in: memory)
            return
        }
        try connection.send(.snapshotSlice(reply, slice), payload: bytes)
    }

    private func settle(_ actions: [ShardLockedAction]) throws {
        for case .breakOff(let breach) in actions { throw rubbish(breach) }
    }

    private func rubbish(_ breach: ShardBreach) -> ServerError { rubbish(breach.sentence(at: host.options.shard)) }

    private func rubbish(_ reason: String) -> ServerError {
        .rubbish(peer: "the coordinator \(connection.peerName)", reason: reason)
    }
}

extension ShardHost {
    /// The first message to a coordinator. It waits for a commit that is being applied, so that it tells the truth.
    func hello(_ address: (host: String, port: UInt16)) -> Hello {
        while state.withLock({ $0.core.isApplying }) { Thread.sleep(forTimeInterval: 0.005) }
        let server = state.withLock { $0.core.hello(host: address.host, port: address.port) }
        return Hello(
            protocolVersion: ProtocolVersion.current, role: .server, name: options.name, computeProfile: "",
            dataFingerprint: "", server: server, term: state.withLock { $0.core.term }, origin: origin)
    }
}
