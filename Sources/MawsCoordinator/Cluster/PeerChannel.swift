import MawsBase
import MawsTransport
import MawsWire

/// The other end of a peer's connection, as the coordinator needs it: TLS in a coordinator, whatever a test or a
/// simulation makes of it elsewhere.
package protocol PeerConnection: AnyObject, Sendable {
    /// Who its certificate says that it is, and when that ends.
    var peer: PeerIdentity { get }
    var peerLife: CertificateLife? { get }
    /// `host:port` of the other side.
    var remoteAddress: String { get }
    /// What a sentence calls the other side: the name in its certificate, and its address.
    var peerName: String { get }
    /// Since the last byte that came from it.
    var silentSeconds: Double { get }
    /// Sends a slice of a tensor; returns when the system has taken all of it.
    func send(_ message: Message, slice bytes: UnsafeRawBufferPointer) throws
    /// Reads the payload of the message that came last whole, or drops what was not read of it. For the thread that
    /// receives.
    func receivePayload(into destination: UnsafeMutableRawBufferPointer) throws
    func discardPayload() throws
}

extension Connection: PeerConnection {
    package func send(_ message: Message, slice bytes: UnsafeRawBufferPointer) throws {
        try send(message, payload: bytes)
    }
}

/// What is on its way to a peer. Nothing but `wait` waits, so the deciding thread waits for no peer.
package protocol PeerOutbox: AnyObject, Sendable {
    /// Why the connection was ended from here.
    var failure: String? { get }
    /// Whether the peer was sent its last words.
    var isFinishing: Bool { get }
    /// Puts an order at the end of the line.
    func put(_ message: Message)
    /// As `put` of a heartbeat, unless anything is on its way.
    func beat()
    /// Takes the place of an answer that was not sent yet.
    func replace(_ message: Message)
    /// Says this after all that is on its way, and ends the connection a little later.
    func finish(_ message: Message)
    /// Ends the connection.
    func end()
    /// Waits until everything is written, or the connection is ended.
    func wait(until deadline: Moment)
}

extension Outbox: PeerOutbox {}
