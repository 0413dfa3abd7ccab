import MawsBase
import MawsWire
import Synchronization

/// A message that arrived, and how many payload bytes follow it.
package struct Incoming: Sendable {
    package let message: Message
    /// When above 0, `receivePayload` or `discardPayload` comes before the next `receive`.
    package let payloadCount: Int
    /// Bytes of its body.
    package let bodyCount: Int

    package init(message: Message, payloadCount: Int, bodyCount: Int) {
        (self.message, self.payloadCount, self.bodyCount) = (message, payloadCount, bodyCount)
    }
}

/// One TLS connection that carries frames. Any thread may send, while one other thread receives.
package final class Connection: @unchecked Sendable {
    /// A peer that neither takes nor sends a byte for so long in the middle of a frame is given up, unless the
    /// connection has a limit of its own.
    package static let stallSeconds = 60.0

    private let channel: TLSChannel
    private let allowedRoles: [Role]
    private let sendLock = Mutex<Void>(())
    private var identityOfPeer: PeerIdentity?
    /// Payload bytes announced by the last message and not read yet. Only the receiving thread touches it.
    private var pendingPayload = 0
    /// What the peer may send now, and what of that it has used up. Only the receiving thread touches them.
    private var budget = MessageBudget.dialed
    private var bucket: TokenBucket?
    /// Held as long as the connection lives.
    var place: AnyObject?

    init(accepted socket: Socket, identity: TLSIdentity, allowedRoles: [Role]) {
        channel = TLSChannel(socket: socket, identity: identity, isServer: true)
        self.allowedRoles = allowedRoles
    }

    private init(dialed socket: Socket, identity: TLSIdentity, expecting: Role) {
        channel = TLSChannel(socket: socket, identity: identity, isServer: false)
        allowedRoles = [expecting]
    }

    /// Dials and completes the handshake as a client; throws when the other side is not `expecting` of this cluster.
    ///
    /// TLS 1.3 lets a client finish before the server has judged the client's certificate: a refusal of this process
    /// arrives with the first `receive`, as `TransportError.refusedByPeer` or as the message `refused`.
    package static func connect(
        host: String, port: UInt16, identity: TLSIdentity, expecting: Role, timeoutSeconds: Double
    ) throws -> Connection {
        let deadline = Moment.now() + timeoutSeconds
        let socket = try Dialer.connect(host: host, port: port, until: deadline, seconds: timeoutSeconds)
        let connection = Connection(dialed: socket, identity: identity, expecting: expecting)
        try connection.channel.handshake(until: deadline, seconds: timeoutSeconds)
        connection.know(try connection.checkedPeer())
        return connection
    }

    /// Completes an accepted connection: certificate, cluster and role are checked. A peer of the wrong role is sent
    /// `refused`. The error names the remote address and the reason; the connection is closed by then.
    package func handshake(timeoutSeconds: Double) throws {
        try channel.handshake(until: Moment.now() + timeoutSeconds, seconds: timeoutSeconds)
        do {
            know(try checkedPeer())
        } catch {
            refuse("\(error)")
            throw error
        }
    }

    /// Goes on with the handshake of an accepted connection as far as that goes without waiting; see `handshake`.
    ///
    /// - Returns: whether it is complete.
    func continueHandshake() throws -> Bool {
        guard try channel.continueHandshake() else { return false }
        know(try checkedPeer())
        return true
    }

    /// Says this, if it can be said without waiting, and that nothing more comes. For the thread that sends.
    package func endSending(_ reason: String? = nil) {
        if let reason { try? send(.refused(reason: reason, mayTryAgain: false), stallSeconds: 0) }
        channel.endSending()
    }

    /// Drops what came, without waiting; false when the peer is gone.
    func drainNow() -> Bool { channel.drainNow() }

    var descriptor: Int32 { channel.descriptor }

    /// What the peer may send from now on. For the receiving thread.
    package func allow(_ budget: MessageBudget) {
        guard budget != self.budget else { return }
        self.budget = budget
        bucket = TokenBucket(size: budget.messagesAtOnce, perSecond: budget.messagesPerSecond, now: .now())
    }

    /// Who the peer's certificate says it is. Only after the handshake.
    package var peer: PeerIdentity {
        guard let identityOfPeer else { preconditionFailure("the peer is known only after the handshake") }
        return identityOfPeer
    }

    /// `host:port` of the other side.
    package var remoteAddress: String { channel.remoteAddress }

    /// What a sentence calls the other side: `gpu-7 at 10.0.0.7:40112`, with the name in its certificate; its address
    /// alone before the handshake.
    package var peerName: String { channel.peer }

    /// When the peer's certificate ends. Only after the handshake.
    package var peerLife: CertificateLife? { channel.peerSubject()?.life }

    /// Address of this side, `10.0.0.7` for instance: what a process that listens on every address tells others.
    package var localHost: String { channel.localHost }

    /// Bytes of frames that were given to the network, and those that were read from it, before encryption. Once all
    /// that one side sent is with the other, both sides' counts agree.
    package var bytesSent: UInt64 { channel.written.load(ordering: .relaxed) }
    package var bytesReceived: UInt64 { channel.read.load(ordering: .relaxed) }

    /// Seconds since the last byte came from the peer, or since the connection was made.
    package var silentSeconds: Double { channel.silentSeconds }

    /// Gives the peer up when it sends no byte for so long in the middle of a frame. For who made or accepted the
    /// connection, before other threads have it.
    package func giveUp(afterSeconds seconds: Double) { channel.stallSeconds = seconds }

    /// The same of a peer that takes no byte for so long.
    package func giveUpReaders(afterSeconds seconds: Double) { channel.sendStallSeconds = seconds }

    /// Sends one frame; returns when the system has taken all of it. Throws when the peer takes nothing for as long as
    /// a stall may last.
    package func send(
        _ message: Message, payload: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        stallSeconds: Double? = nil
    ) throws {
        try send(frame: Self.frame(message, payloadCount: payload.count), payload: payload, stallSeconds: stallSeconds)
    }

    /// Header and body of a message.
    package static func frame(_ message: Message, payloadCount: Int = 0) throws -> [UInt8] {
        let body = MessageCodec.encode(message)
        return try FrameHeader(kind: message.kind, bodyCount: body.count, payloadCount: payloadCount).bytes + body
    }

    /// Sends what `frame` made, and the payload that it announces.
    package func send(
        frame: [UInt8], payload: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        stallSeconds: Double? = nil
    ) throws {
        try sendLock.withLock { _ in
            try frame.withUnsafeBytes { try channel.write($0, stallSeconds: stallSeconds) }
            try channel.write(payload, stallSeconds: stallSeconds)
            try channel.flush(stallSeconds: stallSeconds)
        }
    }

    /// Waits for a frame. After `TransportError.timedOut` the connection is still good; after any other error it is
    /// not.
    package func receive(timeoutSeconds: Double) throws -> Incoming {
        precondition(pendingPayload == 0, "the payload of the last message was not read")
        let start = try channel.read(FrameHeader.byteCount, firstByteSeconds: timeoutSeconds)
        do {
            let header = try FrameHeader(bytes: start)
            try header.check(budget)
            try takeToken()
            let body = try channel.readAsItComes(header.bodyCount)
            let message = try MessageCodec.decode(kind: header.kind, body: body)
            pendingPayload = header.payloadCount
            return Incoming(message: message, payloadCount: header.payloadCount, bodyCount: header.bodyCount)
        } catch let error as WireError {
            refuse("\(error)")
            throw TransportError.malformed(peer: peerName, reason: "\(error)")
        }
    }

    private func takeToken() throws {
        while let seconds = bucket?.take(.now()), seconds > 0 {
            guard !budget.refusesFloods else {
                throw WireError.flood(sender: budget.sender, messagesPerSecond: Int(budget.messagesPerSecond))
            }
            channel.pause(seconds: seconds)
        }
    }

    /// Reads the payload of the message received last. `destination` has exactly its `payloadCount` bytes.
    package func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws {
        precondition(destination.count == pendingPayload, "a payload is read whole")
        pendingPayload = 0
        try channel.read(into: destination)
    }

    /// Reads and drops the payload of the message received last; nothing to do when there is none.
    package func discardPayload() throws {
        var scratch = [UInt8](repeating: 0, count: min(pendingPayload, 256 << 10))
        while pendingPayload > 0 {
            let count = min(pendingPayload, scratch.count)
            try scratch.withUnsafeMutableBytes { try channel.read(into: .init(rebasing: $0[..<count])) }
            pendingPayload -= count
        }
    }

    /// Tells the peer why it is not served, makes sure that it can read that, and closes. Takes up to two seconds; for
    /// the thread that serves the connection. A peer that does not read what another thread sends it is told nothing.
    package func refuse(_ reason: String, mayTryAgain: Bool = false) {
        let frame = try? Self.frame(.refused(reason: reason, mayTryAgain: mayTryAgain))
        _ = sendLock.withLockIfAvailable { _ in
            try? frame?.withUnsafeBytes { try channel.write($0, stallSeconds: 1) }
            try? channel.flush(stallSeconds: 1)
        }
        channel.closeAfterPeer(seconds: 2)
    }

    /// Ends the connection for both sides and wakes every thread blocked on it. Any thread, any number of times.
    package func close() {
        // A frame that another thread is sending is cut off: TLS's goodbye would land in the middle of it.
        _ = sendLock.withLockIfAvailable { _ in channel.sendEnd() }
        channel.end()
    }

    private func know(_ peer: PeerIdentity) {
        identityOfPeer = peer
        channel.nameProven(peer.name)
    }

    /// The handshake proved the authority; the cluster and the role are in the certificate.
    private func checkedPeer() throws -> PeerIdentity {
        guard let subject = channel.peerSubject() else { throw TransportError.noCertificate(peer: remoteAddress) }
        guard subject.cluster == channel.cluster else {
            throw TransportError.otherCluster(
                peer: remoteAddress, presented: "cluster \(subject.cluster)", expected: channel.cluster)
        }
        guard let identity = subject.identity, allowedRoles.contains(identity.role) else {
            throw TransportError.wrongRole(peer: remoteAddress, presented: subject.role, needed: allowedRoles)
        }
        return identity
    }
}
