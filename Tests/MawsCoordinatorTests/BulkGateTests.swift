import Foundation
import MawsBase
import MawsCoordinator
import MawsTransport
import MawsWire
import Testing

/// Connections for tensors at the coordinator's gate: whose they are, how many, and what their end means.
struct BulkGateTests {
    private static let welcome = Message.welcome(Welcome(term: Term(4), plan: [], runID: "run"))
    private static let origin: UInt64 = 9

    private func bulk(_ gate: TestGate, _ role: Role = .server, origin: UInt64 = origin) throws -> Connection {
        let connection = try gate.dial(role)
        try connection.send(.bulk(origin: origin))
        return connection
    }

    /// A server whose connection for orders was welcomed.
    private func server(_ gate: TestGate) throws -> (peer: Peer, orders: Connection) {
        let orders = try gate.join(.server)
        _ = try gate.next { $0.bulk.open(Self.welcome, .now()) }
        return (try #require(gate.peers.last), orders)
    }

    private func answer(_ connection: Connection) throws -> Message {
        try connection.receive(timeoutSeconds: 120).message
    }

    @Test func itIsAServersAndIsToldWhatItsOrdersWere() throws {
        let gate = try TestGate()
        let (_, orders) = try server(gate)
        let reason = try refusal(bulk(gate, .trainer))
        #expect(reason == "only a server has a connection for tensors, and its certificate is a trainer's")
        #expect(try gate.next().contains(reason))
        let unknown = try refusal(bulk(gate, origin: 10))
        #expect(unknown.contains("no server with its certificate is here"))
        #expect(try gate.next().contains(unknown))
        #expect(try answer(bulk(gate)) == Self.welcome)
        try orders.send(.heartbeat)
        gate.close()
    }

    @Test func itWaitsForTheWelcomeOfItsOrders() throws {
        let gate = try TestGate()
        let orders = try gate.join(.server)
        _ = try gate.take()
        guard case .refused(let reason, true) = try answer(bulk(gate)) else {
            return #expect(Bool(false), "it is not refused for now")
        }
        #expect(reason.contains("was not welcomed yet"))
        orders.close()
        gate.close()
    }

    /// A second one is refused while the first is there, and welcome once that has ended.
    @Test func aServerHasOneAtATime() throws {
        let gate = try TestGate()
        let (_, orders) = try server(gate)
        let first = try bulk(gate)
        #expect(try answer(first) == Self.welcome)
        guard case .refused(let reason, true) = try answer(bulk(gate)) else {
            return #expect(Bool(false), "the second is not refused for now")
        }
        #expect(reason == "its server has a connection for tensors already")
        first.close()
        // The gate notices the end in its own time.
        let deadline = Moment.now() + 120
        while try answer(bulk(gate)) != Self.welcome { try #require(Moment.now() < deadline) }
        orders.close()
        gate.close()
    }

    /// Its server may know better than the gate that it is dead.
    @Test func aSilentOneGivesWay() throws {
        let gate = try TestGate()
        let (_, orders) = try server(gate)
        let first = try bulk(gate)
        #expect(try answer(first) == Self.welcome)
        let deadline = Moment.now() + 120
        while try answer(bulk(gate)) != Self.welcome {
            try #require(Moment.now() < deadline)
            Thread.sleep(forTimeInterval: 0.2)
        }
        awaitEnd(first)
        orders.close()
        gate.close()
    }

    @Test func itEndsWithItsOrders() throws {
        let gate = try TestGate()
        let (peer, orders) = try server(gate)
        let connection = try bulk(gate)
        #expect(try answer(connection) == Self.welcome)
        // What the deciding thread does with who is lost.
        peer.end()
        awaitEnd(connection)
        #expect(peer.bulk.line == nil)
        // As if it had never been welcome, or been here.
        let reason = try refusal(bulk(gate))
        #expect(reason.contains("no server") || reason.contains("was not welcomed yet"), "\(reason)")
        orders.close()
        gate.close()
    }

    /// Nothing comes on it for as long as a peer may be silent: it is given up and said, and its server stays.
    @Test func oneOnWhichNothingComesIsGivenUpAndItsServerStays() throws {
        let gate = try TestGate(heartbeatTimeoutSeconds: 5)
        let (peer, orders) = try server(gate)
        let beats = Thread { while (try? orders.send(.heartbeat)) != nil { Thread.sleep(forTimeInterval: 0.1) } }
        beats.start()
        let connection = try bulk(gate)
        #expect(try answer(connection) == Self.welcome)
        let said = try gate.next()
        #expect(said.contains("the connection for tensors of server-0") && said.contains("waited 5.0 s"), "\(said)")
        awaitEnd(connection)
        #expect(peer.bulk.line == nil && !peer.outbox.isFinishing)
        #expect(try answer(bulk(gate)) == Self.welcome)
        orders.close()
        gate.close()
    }

    /// A slice that nobody asked for takes no memory, and what comes after it is read.
    @Test func itBringsTensorsAndWhatBelongsToThemAlone() throws {
        let gate = try TestGate()
        let (_, orders) = try server(gate)
        let connection = try bulk(gate)
        let reply = Reply(term: Term(4), request: RequestNumber(3))
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(1), block: 0, part: .weight)
        try [Float](repeating: 1, count: 100_000).withUnsafeBytes {
            try connection.send(.snapshotSlice(reply, slice), payload: $0)
        }
        try connection.send(.restoreRequest(reply, received: 6))
        #expect(try gate.next() == "server-0 says restoreRequest of 20 bytes")
        try connection.send(.restored(reply, stage: StageIndex(0), step: StepIndex(1)))
        #expect(try refusal(connection).contains("a server, for tensors, may not send restored"))
        #expect(try gate.next().contains("the connection for tensors of server-0"))
        try orders.send(frame: try Connection.frame(.snapshotSlice(reply, slice), payloadCount: 4))
        #expect(try refusal(orders).contains("a server may not send snapshotSlice"))
        gate.close()
    }
}
