import Foundation
import MawsBase
import MawsKernels
import MawsTransport
import MawsWire
import Testing

/// A process with the certificate of a trainer of the run, that says what its test wants.
final class Insider {
    let connection: Connection
    let term: Term
    let servers: [ServerAddress]
    private let victim: Victim

    /// Joins as an honest trainer does, without any data.
    ///
    /// - Parameter fingerprint: what it says of its data; nil: it stays a guest.
    init(_ victim: Victim, name: String = "insider", fingerprint: String?) throws {
        self.victim = victim
        connection = try victim.dial(.trainer)
        try connection.send(Self.hello(name, ""))
        var (term, servers): (Term?, [ServerAddress]?) = (nil, nil)
        while term == nil || servers == nil {
            switch try connection.receive(timeoutSeconds: 60).message {
            case .welcome(let welcome): term = welcome.term
            case .roster(let roster): servers = roster.servers
            default: break
            }
        }
        (self.term, self.servers) = (term ?? Term(0), servers ?? [])
        if let fingerprint { try connection.send(Self.hello(name, fingerprint)) }
    }

    deinit { connection.close() }

    /// What the coordinator tells somebody whose data are others.
    static func fingerprint(of victim: Victim) throws -> String {
        let stranger = try Insider(victim, name: "stranger", fingerprint: "nothing")
        let refusal = try stranger.receive { if case .refused(let reason, _) = $0 { reason } else { nil } }
        let words = refusal.split(separator: "(nothing there, ")
        return String(try #require(words.last?.split(separator: " here)").first, "\(refusal)"))
    }

    /// What it is leased now, or once its turn comes.
    func lease() throws -> [Lease] {
        try connection.send(.leaseRequest())
        return try receive { if case .leases(let leases) = $0 { leases } else { nil } }
    }

    func receive<Value>(_ wanted: (Message) -> Value?) throws -> Value {
        let start = Date()
        while true {
            do {
                if let value = wanted(try connection.receive(timeoutSeconds: 1).message) { return value }
            } catch TransportError.timedOut {
                try connection.send(.heartbeat)
            }
            try #require(Date().timeIntervalSince(start) < 300, "\(victim.program.output)")
        }
    }

    /// That a lease's unit is done, of which no shard has anything.
    func done(_ lease: Lease) -> UnitDone {
        UnitDone(
            lease: lease.id, stage: lease.stage, step: lease.step, phase: lease.phase, unit: lease.unit, loss: 0.5,
            skipped: [], result: [], computeSeconds: 0, waitSeconds: 0)
    }

    /// A connection with a server, as a trainer's.
    func serverConnection(_ index: Int) throws -> Connection {
        let connection = try victim.dial(servers[index])
        try connection.send(Self.hello("insider", "", term: term))
        guard case .welcome = try connection.receive(timeoutSeconds: 60).message else {
            throw Program.Failed(description: "a server did not welcome a trainer")
        }
        return connection
    }

    static func hello(_ name: String, _ fingerprint: String, term: Term = Term(0)) -> Message {
        .hello(
            Hello(
                protocolVersion: ProtocolVersion.current, role: .trainer, name: name,
                computeProfile: ComputeBackend.profile(of: ComputeBackend.fastestKind).description,
                dataFingerprint: fingerprint, server: nil, term: term, origin: UInt64.random(in: 1 ... .max)))
    }
}
