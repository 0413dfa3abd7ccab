import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// What a search for a silent server makes of answers that say nothing, and of a silence that ends.
@Suite(.timeLimit(.minutes(10)))
struct HolderSearchTests {
    private let lines: TestLines
    private let mailbox = Mailbox<NodeEvent>()
    private let line = FakeLine(.server, certificate: "server", address: "10.0.0.7:1")

    init() throws { lines = try TestLines() }

    private func server(at address: NetworkAddress?) -> Peer {
        line.fall(silentFor: CoordinatorCore.silentServerSeconds + 1)
        return Peer(
            id: PeerID(1), role: .server, name: "server-0", origin: 7, shard: ShardIdentity(index: 0, count: 1),
            listens: address, connection: line, outbox: line)
    }

    private func check(limitSeconds: Double = 600) -> HolderCheck {
        HolderCheck(identity: lines.coordinator, mailbox: mailbox, limitSeconds: limitSeconds)
    }

    private func next() -> String {
        let event = mailbox.take(waitingSeconds: 300).first
        return event.map(\.text) ?? "nobody is told"
    }

    /// An answer during which the server stays silent for another second.
    private func answer(_ state: LinkState) -> @Sendable () -> LinkState? {
        { [line] in
            line.fall(silentFor: line.silentSeconds + 1)
            return state
        }
    }

    /// Who takes the connection and ends it may be about to stop: it is asked again until somebody answers.
    @Test func whoDoesNotAnswerIsAskedAgain() throws {
        let address = try lines.answering([{ nil }, { nil }, answer(.unknown)])
        check().begin(server(at: address))
        #expect(next() == "1 lost: silent for 4.0 s, and another process answers at \(address)")
    }

    /// It is there, and nothing of what it says arrives: only where somebody waits for that, its line is dead.
    @Test func aProcessThatAnswersIsLostOnceItsLineIsRead() throws {
        let reading = DispatchSemaphore(value: 0)
        let alive = answer(LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: 0))
        let second: @Sendable () -> LinkState? = {
            reading.signal()
            return alive()
        }
        let address = try lines.answering([alive, second] + Array(repeating: alive, count: 1000))
        let server = server(at: address)
        let isOver = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            reading.wait()
            server.line.read { _ = isOver.wait(timeout: .now() + 600) }
        }
        check().begin(server)
        let told = next()
        isOver.signal()
        #expect(told.hasSuffix("and it answers, so that nothing of what it says arrives, at \(address)"), "\(told)")
        #expect(!told.hasPrefix("1 lost: silent for 4.0 s") && !told.hasPrefix("1 lost: silent for 5.0 s"), "\(told)")
    }

    /// Nobody knows where it could be looked for; after its time a search ends by itself.
    @Test func withoutAPlaceOrTimeNobodyIsLookedFor() throws {
        let address = try lines.answering([{ .unknown }])
        check().begin(server(at: nil))
        check(limitSeconds: 0).begin(server(at: address))
        #expect(mailbox.take(waitingSeconds: 0.5).isEmpty)
    }
}
