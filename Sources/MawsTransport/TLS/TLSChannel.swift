import Glibc
import MawsBase
import Synchronization

/// A byte stream over one TLS session and its socket, with deadlines.
///
/// Reading and writing may go on at the same time from two threads; the connection lets one thread write at a time.
final class TLSChannel: @unchecked Sendable {
    let cluster: String
    private let socket: Socket
    private let session: TLSSession
    private let isEnded = Atomic(false)
    /// Bytes in plain text.
    let read = Atomic<UInt64>(0)
    let written = Atomic<UInt64>(0)
    /// How long the other side may send no byte in the middle of a frame, and take none; set before threads share this.
    var stallSeconds = Connection.stallSeconds
    var sendStallSeconds = Connection.stallSeconds
    private let heardAt = Atomic<UInt64>(Moment.now().nanoseconds)
    /// Name in the peer's certificate, once the handshake has proved it.
    private let provenName = Mutex<String?>(nil)

    init(socket: Socket, identity: TLSIdentity, isServer: Bool) {
        self.socket = socket
        cluster = identity.own.cluster
        session = TLSSession(identity: identity, descriptor: socket.descriptor, isServer: isServer)
    }

    var remoteAddress: String { socket.remoteAddress }
    var localHost: String { socket.localHost }
    var descriptor: Int32 { socket.descriptor }
    var silentSeconds: Double {
        Moment.now().seconds(since: Moment(nanoseconds: heardAt.load(ordering: .relaxed)))
    }

    func peerSubject() -> CertificateSubject? { session.peerSubject() }

    /// What errors call the peer: its address, and before it the name in its certificate from when that is known.
    var peer: String { provenName.withLock { $0.map { "\($0) at \(remoteAddress)" } ?? remoteAddress } }

    func nameProven(_ name: String) { provenName.withLock { $0 = name } }

    /// Throws what the peer did wrong, after it was told so by an alert; the channel is ended then.
    func handshake(until deadline: Moment, seconds: Double) throws {
        do {
            while try !continueHandshake(stallSeconds: seconds) {
                guard socket.wait(.readable, until: deadline) else {
                    throw TransportError.timedOut(
                        peer: remoteAddress, waitingFor: "the TLS handshake", seconds: seconds)
                }
            }
        } catch {
            closeAfterPeer(seconds: 1)
            throw error
        }
    }

    /// One step of the handshake with what is there. Throws what the peer did wrong, after it was told so by an alert.
    ///
    /// - Returns: whether it is complete; if not, more has to come from the peer.
    func continueHandshake(stallSeconds: Double = 0) throws -> Bool {
        let progress = session.handshake()
        let sendError = socket.sendAll(session.takeOutput(), stallSeconds: stallSeconds)
        switch progress {
        case .done: return true
        case .needsData where sendError == nil: return false
        case .needsData, .closed:
            throw TransportError.broken(peer: remoteAddress, reason: "it closed during the TLS handshake")
        case .failed(let failure): throw failure.error(peer: peer, cluster: cluster)
        }
    }

    /// Encrypts and, whenever enough has gathered, sends. The last bytes leave with `flush`.
    func write(_ bytes: UnsafeRawBufferPointer, stallSeconds: Double? = nil) throws {
        var rest = bytes
        while !rest.isEmpty {
            try checkOpen()
            switch session.seal(rest) {
            case .done(let count):
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                written.add(UInt64(count), ordering: .relaxed)
            case .failed(let failure): throw failed(failure)
            case .needsData, .closed: throw closed()
            }
            if session.hasFullBatch { try flush(stallSeconds: stallSeconds) }
        }
    }

    func flush(stallSeconds: Double? = nil) throws {
        try checkOpen()
        let seconds = stallSeconds ?? sendStallSeconds
        guard let number = socket.sendAll(session.takeOutput(), stallSeconds: seconds) else { return }
        // Often the peer has said why it went away: its alert waits to be read.
        let reason = session.pendingFailure()
        let error = isEnded.load(ordering: .acquiring) ? closed() : failed(reason ?? .system(number))
        end()
        throw error
    }

    /// Reads exactly `count` bytes.
    ///
    /// - Parameter firstByteSeconds: how long nothing may come before `TransportError.timedOut`, after which the
    ///   channel is still good. Once a byte has come, the rest must follow within the time of a stall.
    func read(_ count: Int, firstByteSeconds: Double? = nil) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try read(into: $0, firstByteSeconds: firstByteSeconds, mayTrickle: false) }
        return bytes
    }

    /// Reads exactly `count` bytes; makes room for them as they come, so that an announcement takes no memory.
    func readAsItComes(_ count: Int) throws -> [UInt8] {
        var bytes = try read(min(count, 64 << 10))
        while bytes.count < count {
            let piece = min(count - bytes.count, bytes.count)
            bytes += try read(piece)
        }
        return bytes
    }

    /// Waits, unless the channel is ended.
    func pause(seconds: Double) {
        let deadline = Moment.now() + min(seconds, 1)
        while !isEnded.load(ordering: .acquiring), Moment.now() < deadline { usleep(5000) }
    }

    /// - Parameter mayTrickle: whether every byte gives the rest time again; if not, only the first one does.
    func read(
        into destination: UnsafeMutableRawBufferPointer, firstByteSeconds: Double? = nil, mayTrickle: Bool = true
    ) throws {
        var filled = 0
        var deadline = Moment.now() + (firstByteSeconds ?? stallSeconds)
        while filled < destination.count {
            try checkOpen()
            switch session.read(into: .init(rebasing: destination[filled...])) {
            case .done(let count):
                if mayTrickle || filled == 0 { deadline = Moment.now() + stallSeconds }
                filled += count
                read.add(UInt64(count), ordering: .relaxed)
                heardAt.store(Moment.now().nanoseconds, ordering: .relaxed)
            case .needsData:
                guard socket.wait(.readable, until: deadline) else {
                    throw stalled(firstByteSeconds: filled == 0 ? firstByteSeconds : nil)
                }
            case .closed: throw closed()
            case .failed(let failure): throw failed(failure)
            }
        }
    }

    /// Tells the peer that nothing more comes. Only for the thread that may write.
    func sendEnd() {
        guard !isEnded.load(ordering: .acquiring) else { return }
        session.sealEnd()
        // One attempt: a peer that takes nothing does not hold up a close.
        _ = socket.sendAll(session.takeOutput(), stallSeconds: 0)
    }

    /// Ends both directions and wakes every thread that waits.
    func end() {
        isEnded.store(true, ordering: .releasing)
        socket.end()
    }

    /// Says that nothing more comes; what the peer still sends is to be read and dropped.
    func endSending() {
        sendEnd()
        socket.endSending()
    }

    /// Reads and drops what is there; false when the peer is gone.
    func drainNow() -> Bool { socket.drainNow() }

    /// Ends in such a way that the peer can still read what was sent last.
    func closeAfterPeer(seconds: Double) {
        endSending()
        socket.drain(until: Moment.now() + seconds)
        end()
    }

    private func checkOpen() throws {
        if isEnded.load(ordering: .acquiring) { throw closed() }
    }

    private func closed() -> TransportError { .closed(peer: peer) }

    private func failed(_ failure: TLSFailure) -> TransportError {
        isEnded.load(ordering: .acquiring) ? closed() : failure.error(peer: peer, cluster: cluster)
    }

    private func stalled(firstByteSeconds: Double?) -> TransportError {
        if let seconds = firstByteSeconds {
            return .timedOut(peer: peer, waitingFor: "a message", seconds: seconds)
        }
        end()
        return .broken(peer: peer, reason: "nothing came for \(stallSeconds) s inside a frame")
    }
}
