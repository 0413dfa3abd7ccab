import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// The connection to the coordinator: dialled and read on threads of their own, reported as events.
final class CoordinatorLink: Sendable {
    private struct State {
        var number: UInt64 = 0
        var connection: Connection?
    }

    private static let connectSeconds = 5.0
    private let host: String
    private let port: UInt16
    private let identity: TLSIdentity
    /// What the coordinator knows this process by.
    private let origin: UInt64
    private let report: @Sendable (TrainerEvent) -> Void
    private let state = Monitor(State())

    init(
        host: String, port: UInt16, identity: TLSIdentity, origin: UInt64,
        report: @escaping @Sendable (TrainerEvent) -> Void
    ) {
        self.host = host
        self.port = port
        self.identity = identity
        self.origin = origin
        self.report = report
    }

    /// Dials and then reads until the connection ends. Reports `connected` once and `lost` once.
    func connect(_ number: UInt64) {
        state.with { state in
            state.connection?.close()
            state = State(number: number)
        }
        startThread("coordinator-\(number)") { [self] in
            do {
                try read(try dial(number), number)
            } catch {
                report(.lost(connection: number, reason: "\(error)"))
            }
        }
    }

    func disconnect(_ number: UInt64) {
        state.with { state in
            guard state.number == number else { return }
            state.connection?.close()
            state.connection = nil
        }
    }

    /// Sends on the present connection; a failure is reported as its loss.
    func send(_ message: Message) {
        let (number, connection) = state.with { ($0.number, $0.connection) }
        guard let connection else { return }
        do {
            try connection.send(message)
        } catch {
            connection.close()
            report(.lost(connection: number, reason: "\(error)"))
        }
    }

    func end() { state.with { $0.connection?.close() } }

    private func dial(_ number: UInt64) throws -> Connection {
        let connection = try reach(Self.connectSeconds)
        let isWanted = state.with { state in
            guard state.number == number else { return false }
            state.connection = connection
            return true
        }
        guard isWanted else {
            connection.close()
            throw TrainerError.lateConnection
        }
        report(.connected(connection: number))
        return connection
    }

    private func reach(_ seconds: Double) throws -> Connection {
        try Connection.connect(
            host: host, port: port, identity: identity, expecting: .coordinator, timeoutSeconds: seconds)
    }

    /// How long the coordinator may be silent is the session's affair: it closes the connection, which ends this. A
    /// coordinator that says on another connection that it is only busy was heard.
    private func read(_ connection: Connection, _ number: UInt64) throws {
        let watch = LineWatch(connection, origin: origin) { [self] in try reach($0) }
        watch.begin { [report] in report(.received(connection: number, .heartbeat)) }
        defer { watch.end() }
        do {
            try readAll(connection, number)
        } catch  where watch.isDead {
            throw TransportError.broken(peer: connection.peerName, reason: LineWatch.deadReason)
        }
    }

    private func readAll(_ connection: Connection, _ number: UInt64) throws {
        while true {
            do {
                let incoming = try connection.receive(timeoutSeconds: 60)
                try connection.discardPayload()
                report(.received(connection: number, incoming.message))
            } catch TransportError.timedOut {
                continue
            }
        }
    }
}
