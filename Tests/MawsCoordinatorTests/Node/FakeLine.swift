import MawsBase
import MawsCoordinator
import MawsTransport
import MawsWire
import Synchronization

/// What the coordinator has of one peer, without a socket: what it sends stays here until the test takes it.
final class FakeLine: PeerConnection, PeerOutbox {
    struct Sent {
        var message: Message
        var payload: [UInt8] = []
    }

    private struct State {
        var sent: [Sent] = []
        /// Answers that replace each other: the newest, and how many there were.
        var newest: Message?
        var replaced = 0
        var beats = 0
        var isFinishing = false
        var isEnded = false
        var silentSeconds = 0.0
        var payload: [UInt8] = []
        /// Done where something is sent on a line that is broken.
        var fault: (@Sendable () -> Void)?
    }

    let peer: PeerIdentity
    let peerLife: CertificateLife?
    let remoteAddress: String
    private let state = Mutex(State())

    init(_ role: Role, certificate: String, address: String, life: CertificateLife? = nil) {
        peer = PeerIdentity(role: role, name: certificate, cluster: "test")
        (remoteAddress, peerLife) = (address, life)
    }

    var peerName: String { "\(peer.name) at \(remoteAddress)" }
    var isEnded: Bool { state.withLock { $0.isEnded } }
    var beats: Int { state.withLock { $0.beats } }
    var newest: Message? { state.withLock { $0.newest } }
    var replacedCount: Int { state.withLock { $0.replaced } }

    /// All that was sent since the last time.
    func take() -> [Sent] {
        state.withLock { state in
            defer { state.sent = [] }
            return state.sent
        }
    }

    func fall(silentFor seconds: Double) { state.withLock { $0.silentSeconds = seconds } }
    func breakDown(_ fault: @escaping @Sendable () -> Void = {}) { state.withLock { $0.fault = fault } }
    func bring(_ payload: [UInt8]) { state.withLock { $0.payload = payload } }

    // MARK: - PeerConnection

    var silentSeconds: Double { state.withLock { $0.silentSeconds } }

    func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws {
        destination.copyBytes(from: state.withLock { $0.payload })
    }

    func discardPayload() throws { bring([]) }

    func send(_ message: Message, slice bytes: UnsafeRawBufferPointer) throws {
        let fault = state.withLock { $0.fault }
        fault?()
        if isEnded || fault != nil { throw TransportError.closed(peer: peerName) }
        add(Sent(message: message, payload: Array(bytes)))
    }

    // MARK: - PeerOutbox

    var failure: String? { nil }
    var isFinishing: Bool { state.withLock { $0.isFinishing } }
    func put(_ message: Message) { add(Sent(message: message)) }
    func beat() { state.withLock { $0.beats += 1 } }

    func replace(_ message: Message) {
        state.withLock { state in
            state.newest = message
            state.replaced += 1
        }
    }

    func finish(_ message: Message) {
        add(Sent(message: message))
        state.withLock { $0.isFinishing = true }
    }

    func end() { state.withLock { ($0.isEnded, $0.sent) = (true, []) } }
    func wait(until deadline: Moment) {}

    private func add(_ sent: Sent) {
        state.withLock { if !$0.isFinishing && !$0.isEnded { $0.sent.append(sent) } }
    }
}
