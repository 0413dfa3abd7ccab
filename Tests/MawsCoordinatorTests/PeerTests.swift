import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// What a peer is called, and by whom lines about it are counted.
struct PeerTests {
    @Test func aCertificateThatSaysTheRoleAloneIsNotPartOfTheTitle() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line(listens: NetworkAddress(host: "10.0.0.7", port: 4000))
        defer { server.close() }
        #expect(peer.title == "server-0")
        #expect(peer.label == "server-0 at \(peer.connection.remoteAddress), certificate server,")
        #expect(peer.source == "server server")
        #expect(peer.address == "10.0.0.7:4000")
        #expect(peer.certificateWarning == nil)
    }

    /// Two processes with one name are told apart by what is proved.
    @Test func aCertificateOfItsOwnIsPartOfTheTitle() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line(as: try lines.issued("gpu-7"))
        defer { server.close() }
        #expect(peer.title == "server-0 (gpu-7)")
        #expect(peer.source == "server gpu-7")
        #expect(peer.address == peer.connection.remoteAddress)
    }

    @Test(arguments: [(40 * 86_400, nil), (5 * 86_400 + 600, "expires in 5 days"), (600, "expires within a day")])
    func theLastDaysOfACertificateAreSaid(seconds: Int, end: String?) throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line(as: try lines.issued("gpu-7", validSeconds: seconds))
        defer { server.close() }
        let start = end.map { "the server certificate gpu-7 of server-0 \($0) (" }
        #expect(start == nil ? peer.certificateWarning == nil : peer.certificateWarning?.hasPrefix(start ?? "") == true)
    }

    /// It is the same peer: what is put, counted and granted under one name holds under the other.
    @Test func anotherNameMakesNoOtherPeer() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line(shard: 1, of: 2, id: 4)
        let renamed = peer.renamed("server-1-2")
        #expect(renamed.name == "server-1-2" && renamed.title == "server-1-2")
        #expect(renamed.connected.name == "server-1-2" && peer.connected.name == "server-1")
        #expect((renamed.id, renamed.origin, renamed.shard) == (peer.id, peer.origin, peer.shard))
        #expect(renamed.connection === peer.connection && renamed.outbox === peer.outbox)
        #expect(renamed.inbox === peer.inbox && renamed.line === peer.line)
        peer.admission.grant()
        #expect(renamed.admission.isGranted)
        renamed.dismiss("two of one name", mayTryAgain: true)
        #expect(
            try server.receive(timeoutSeconds: 120).message
                == .refused(reason: "two of one name", mayTryAgain: true))
        #expect(peer.outbox.isFinishing)
        server.close()
    }

    /// Whoever does something else than to read cannot say that a peer is silent.
    @Test func aLineIsHeldUpUnlessItIsBeingRead() throws {
        struct Stop: Error {}
        let line = LineUse()
        #expect(line.isHeldUp)
        #expect(!line.read { line.isHeldUp })
        #expect(line.isHeldUp)
        #expect(throws: Stop.self) { try line.read { throw Stop() } }
        #expect(line.isHeldUp && line.readSeconds(.now()) == 0)
        let moment = Moment(nanoseconds: 5_000_000_000)
        line.resume(moment)
        #expect(!line.isHeldUp && line.readSeconds(moment + 3) == 3)
    }

    @Test func anEndWakesWhoWaitsToPostAndWhoWaitsToWrite() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        peer.inbox.enter(MessageBudget.viewer.waitingBytesMax, .viewer)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            peer.inbox.enter(1, .viewer)
            peer.inbox.settle()
            done.signal()
        }
        peer.end()
        #expect(done.wait(timeout: .now() + 300) == .success)
        awaitEnd(server)
        peer.outbox.put(.heartbeat)
        peer.outbox.wait(until: .now() + 300)
        #expect(peer.outbox.isFinishing)
    }
}
