import MawsBase
import MawsCoordinator
import MawsTransport
import MawsWire
import Testing

/// What a process says of the lines that it has.
struct OpenLinesTests {
    @Test func theNewerLineOfAProcessCountsWhicheverEndsFirst() throws {
        let lines = try TestLines()
        let (older, newer) = (try lines.line(id: 1), try lines.line(id: 2))
        defer { for end in [older, newer] { end.server.close() } }
        try older.server.send(.heartbeat)
        _ = try older.peer.socket.receive(timeoutSeconds: 60)
        let open = OpenLines()
        #expect(open.state(of: 7) == .unknown)
        open.add(older.peer.socket, origin: 7)
        #expect(
            open.state(of: 7)
                == LinkState(isOpen: true, isHeldUp: false, bytesReceived: older.server.bytesSent, bytesSent: 0))
        open.add(newer.peer.socket, origin: 7)
        #expect(open.state(of: 7) == LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: 0))
        open.remove(older.peer.socket, origin: 7)
        #expect(open.state(of: 7).isOpen)
        open.remove(newer.peer.socket, origin: 7)
        #expect(open.state(of: 7) == .unknown)
    }

    @Test func whoNamesNoOriginCannotBeAskedAbout() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        defer { server.close() }
        let open = OpenLines()
        open.add(peer.socket, origin: 0)
        #expect(open.state(of: 0) == .unknown)
    }

    /// An answer about another line than the one that was asked about is none.
    @Test func anAnswerIsOfTheLineThatWasAskedAbout() throws {
        let lines = try TestLines()
        let (peer, server) = try lines.line()
        defer { server.close() }
        let state = LinkState(isOpen: true, isHeldUp: false, bytesReceived: 3, bytesSent: 4)
        for origin: UInt64 in [5, 6] {
            try server.send(.linkState(Reply(term: Term(0), request: RequestNumber(origin)), state))
        }
        peer.socket.allow(.dialed)
        #expect(try peer.socket.linkState(of: 5, timeoutSeconds: 60) == state)
        #expect(throws: TransportError.self) { try peer.socket.linkState(of: 5, timeoutSeconds: 60) }
    }
}
