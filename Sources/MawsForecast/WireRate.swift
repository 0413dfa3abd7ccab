import Foundation
import MawsBase
import MawsOptimizer
import MawsTensor
import MawsTransport
import MawsWire
import Synchronization

/// How fast one connection of a cluster is on this machine: the real one, with TLS and frames, on loopback.
enum WireRate {
    private static let frames = 16
    private static let frameBytes = 4 << 20

    /// Bytes a second.
    static func measure() throws -> Double {
        let folder = FileManager.default.temporaryDirectory.appending(path: "maws-wire-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try CertificateAuthority.make(folder: folder, cluster: "forecast")
        let listener = try Listener(
            host: "127.0.0.1", port: 0, identity: TLSIdentity(folder: folder, role: .server), allowedRoles: [.trainer])
        let trainer = try TLSIdentity(folder: folder, role: .trainer)
        let outcomes = Mutex<[Result<Double, any Error>]>([])
        ComputePool(threads: 2).run(2) { end, _ in
            let outcome = Result { end == 0 ? try send(to: listener.port, as: trainer) : try receive(from: listener) }
            outcomes.withLock { $0.append(outcome) }
        }
        let seconds = try outcomes.withLock { try $0.reduce(0) { try $0 + $1.get() } }
        return Double(frames * frameBytes) / seconds
    }

    /// Returns the seconds until all has arrived.
    private static func send(to port: UInt16, as identity: TLSIdentity) throws -> Double {
        let connection = try Connection.connect(
            host: "127.0.0.1", port: port, identity: identity, expecting: .server, timeoutSeconds: 10)
        let payload = FloatBuffer(count: frameBytes / 4)
        let message = Message.push(
            Push(
                term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(0), block: 0, encoding: .fp32))
        let start = Moment.now()
        for _ in 0..<frames { try connection.send(message, payload: UnsafeRawBufferPointer(payload.bytes)) }
        _ = try connection.receive(timeoutSeconds: 10)
        return Moment.now().seconds(since: start)
    }

    /// Takes all and says so.
    private static func receive(from listener: Listener) throws -> Double {
        defer { listener.close() }
        guard let connection = try listener.accept() else { return 0 }
        try connection.handshake(timeoutSeconds: 10)
        let payload = FloatBuffer(count: frameBytes / 4)
        for _ in 0..<frames {
            _ = try connection.receive(timeoutSeconds: 10)
            try connection.receivePayload(into: payload.bytes)
        }
        try connection.send(.flushed(Reply(term: Term(1), request: .none)))
        return 0
    }
}

/// How fast a server's loops go through gradients that no cache holds.
enum MemoryRate {
    private static let floats = 16 << 20

    /// Bytes a second, read and written.
    static func measure(threads: Int) -> Double {
        let (sum, other, pool) = (
            FloatBuffer(count: floats), FloatBuffer(count: floats), UpdateThreads(threads: threads)
        )
        var best = Double.infinity
        for _ in 0..<3 {
            let start = Moment.now()
            pool.add(other, into: sum)
            best = min(best, Moment.now().seconds(since: start))
        }
        return 12 * Double(floats) / best
    }
}
