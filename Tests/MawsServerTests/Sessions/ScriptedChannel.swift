import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Synchronization

/// A peer of a shard that is a script: what it says comes in this order, and what it is told is kept.
final class ScriptedChannel: ShardChannel, @unchecked Sendable {
    /// What it says; of the payload nothing comes after `cut` bytes, as its line breaks there.
    private struct Said {
        /// Nil: nothing, for as long as the other side waits.
        var message: Message?
        var payload: [UInt8] = []
        var cut: Int?
        /// Done before it is said.
        var meanwhile: (@Sendable () -> Void)?
    }

    struct Told: Equatable {
        var message: Message
        var payload: [UInt8] = []
    }

    private struct State {
        var script: [Said] = []
        /// The message that was received last, while its payload is not read.
        var pending: Said?
        var told: [Told] = []
        var isClosed = false
        var received: UInt64 = 0
    }

    let peer: PeerIdentity
    private let state = Mutex(State())

    init(_ role: Role, name: String? = nil) {
        peer = PeerIdentity(role: role, name: name ?? role.rawValue, cluster: "test")
    }

    var remoteAddress: String { "10.0.0.9:4000" }
    var peerName: String { "\(peer.name) at \(remoteAddress)" }
    var bytesReceived: UInt64 { state.withLock { $0.received } }
    var bytesSent: UInt64 { state.withLock { UInt64($0.told.count) } }

    /// How many heartbeats it was told, of those that were not taken.
    var heartbeats: Int { state.withLock { $0.told.count { $0.message == .heartbeat } } }

    /// What it was told since it was asked last, heartbeats left out.
    func take() -> [Told] {
        state.withLock { state in
            defer { state.told = [] }
            return state.told.filter { $0.message != .heartbeat }
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func say(_ message: Message, _ payload: [UInt8] = [], cut: Int? = nil) {
        state.withLock { $0.script.append(Said(message: message, payload: payload, cut: cut)) }
    }

    /// Nothing comes within the time for which the other side waits.
    func fallSilent() { state.withLock { $0.script.append(Said()) } }

    /// What happens once the other side has dealt with all that was said so far, and waits for more.
    func meanwhile(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.script.append(Said(meanwhile: body)) }
    }

    // MARK: - The shard's side

    /// The line ends with the script.
    func receive(timeoutSeconds: Double) throws -> Incoming {
        while let body = state.withLock({ state in
            state.isClosed || state.script.first?.meanwhile == nil ? nil : state.script.removeFirst().meanwhile
        }) { body() }
        return try state.withLock { state in
            precondition(state.pending == nil, "the payload of the last message was not read")
            guard !state.isClosed, !state.script.isEmpty else { throw TransportError.closed(peer: peerName) }
            let said = state.script.removeFirst()
            guard let message = said.message else {
                throw TransportError.timedOut(peer: peerName, waitingFor: "a message", seconds: timeoutSeconds)
            }
            if !said.payload.isEmpty { state.pending = said }
            state.received += UInt64(1 + said.payload.count)
            return Incoming(message: message, payloadCount: said.payload.count, bodyCount: 0)
        }
    }

    func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws {
        let said = try pending()
        precondition(destination.count == said.payload.count, "a payload is read whole")
        destination.copyBytes(from: said.payload.prefix(said.cut ?? said.payload.count))
        if said.cut != nil { throw TransportError.broken(peer: peerName, reason: "the script cuts it") }
    }

    func discardPayload() throws {
        if state.withLock({ $0.pending == nil }) { return }
        if try pending().cut != nil { throw TransportError.broken(peer: peerName, reason: "the script cuts it") }
    }

    private func pending() throws -> Said {
        try state.withLock { state in
            defer { state.pending = nil }
            guard let said = state.pending else { throw TransportError.closed(peer: peerName) }
            return said
        }
    }

    func send(_ message: Message, payload: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            guard !state.isClosed else { throw TransportError.closed(peer: peerName) }
            state.told.append(Told(message: message, payload: Array(payload)))
        }
    }

    func allow(_ budget: MessageBudget) {}
    func giveUp(afterSeconds seconds: Double) {}

    func refuse(_ reason: String) {
        try? send(.refused(reason: reason, mayTryAgain: false))
        close()
    }

    func close() { state.withLock { $0.isClosed = true } }

    func outbox(bytesMax: Int) -> any ShardOutbox { ScriptedOutbox(self) }
}

/// Tells its peer at once.
private final class ScriptedOutbox: ShardOutbox {
    private let channel: ScriptedChannel

    init(_ channel: ScriptedChannel) { self.channel = channel }

    func put(_ message: Message) { try? channel.send(message) }
    func beat() { put(.heartbeat) }
    func end() {}
}

/// A line that is never found dead.
struct QuietWatch: OrderWatch {
    var isDead: Bool { false }
    func begin() {}
    func end() {}
    func wasWhole(withinSeconds seconds: Double) -> Bool { false }
    func whileHeldUp<Result>(_ body: () throws -> Result) rethrows -> Result { try body() }
}
