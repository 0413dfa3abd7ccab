import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// What becomes of a server that says nothing on its line, by what is found where trainers reach it.
struct HolderCheckTests {
    /// The first event within so many seconds, which only a check that finds nothing waits for.
    private func lost(_ listens: NetworkAddress, _ lines: TestLines, limit: Double) throws -> LineRule.Loss? {
        let (peer, server) = try lines.line(listens: listens)
        defer {
            peer.end()
            server.close()
        }
        // Somebody waits for what it says, and nothing comes.
        Thread.detachNewThread { _ = try? peer.line.read { try peer.socket.receive(timeoutSeconds: 60) } }
        let mailbox = Mailbox<NodeEvent>()
        awaitSilence(peer)
        HolderCheck(identity: lines.coordinator, mailbox: mailbox, limitSeconds: limit).begin(peer)
        for event in mailbox.take(waitingSeconds: limit + 20) {
            if case .lost(peer.id, .gone(let loss, _, at: listens)) = event { return loss }
        }
        return nil
    }

    /// Until the server is looked for.
    private func awaitSilence(_ peer: Peer) {
        while peer.connection.silentSeconds < CoordinatorCore.silentServerSeconds {
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    private func nobody(_ lines: TestLines) throws -> NetworkAddress {
        let free = try Listener(host: "127.0.0.1", port: 0, identity: lines.coordinator, allowedRoles: [.server])
        defer { free.close() }
        return NetworkAddress(host: "127.0.0.1", port: free.port)
    }

    @Test func aProcessThatAnswersHasADeadLine() throws {
        let lines = try TestLines()
        let address = try lines.answering(LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: 0))
        #expect(try lost(address, lines, limit: 60) == .lineIsDead)
    }

    @Test func anotherProcessInItsPlaceIsFound() throws {
        let lines = try TestLines()
        #expect(try lost(try lines.answering(.unknown), lines, limit: 60) == .anotherProcessAnswers)
    }

    @Test func aPlaceWhereNobodyListensIsFound() throws {
        let lines = try TestLines()
        #expect(try lost(try nobody(lines), lines, limit: 60) == .nobodyListens)
    }

    /// The next silence is another check's, which nothing keeps from beginning.
    @Test func aCheckEndsWithItsSilence() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line(listens: try nobody(lines))
        defer {
            peer.end()
            server.close()
        }
        Thread.detachNewThread {
            while (try? peer.line.read { try peer.socket.receive(timeoutSeconds: 60) }) != nil {}
        }
        let mailbox = Mailbox<NodeEvent>()
        let check = HolderCheck(identity: lines.coordinator, mailbox: mailbox, limitSeconds: 60)
        try server.send(.heartbeat)
        check.begin(peer)
        for _ in 0..<10 {
            Thread.sleep(forTimeInterval: 0.2)
            try server.send(.heartbeat)
        }
        #expect(mailbox.take(waitingSeconds: 5).isEmpty)
        check.begin(peer)
        guard case .lost(peer.id, _)? = mailbox.take(waitingSeconds: 60).first else {
            return #expect(Bool(false), "nobody is told")
        }
    }

    /// What comes is not read meanwhile: that says nothing of the line.
    @Test func aLineThatIsNotReadIsLeftAlone() throws {
        let lines = try TestLines()
        let address = try lines.answering(LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: 0))
        let (peer, server) = try lines.line(listens: address)
        let mailbox = Mailbox<NodeEvent>()
        awaitSilence(peer)
        HolderCheck(identity: lines.coordinator, mailbox: mailbox, limitSeconds: 4).begin(peer)
        #expect(mailbox.take(waitingSeconds: 6).isEmpty)
        peer.end()
        server.close()
    }
}
