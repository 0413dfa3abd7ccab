import Foundation
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// What a receiver does with messages that a peer may not send, or not now, or not so many of.
@Suite(.timeLimit(.minutes(10)))
struct MessageBudgetTests {
    private let cluster = try! Cluster()

    /// What the receiver throws and the sender is told.
    private func refusal(_ budget: MessageBudget, of frames: [[UInt8]]) throws -> (thrown: String, told: String) {
        let (trainer, server) = try connectedPair(cluster)
        server.allow(budget)
        for frame in frames { try trainer.send(frame: frame) }
        let receiving = Background<String> {
            do {
                while true { _ = try server.receive(timeoutSeconds: 120) }
            } catch {
                return "\(error)"
            }
        }
        guard case .refused(let told, false) = try trainer.receive(timeoutSeconds: 120).message else {
            throw TransportError.closed(peer: "no refusal")
        }
        trainer.close()
        return (try receiving.result(), told)
    }

    /// The header alone: the receiver decides before a byte of what it announces is there.
    private func header(_ kind: MessageKind, body: Int, payload: Int = 0) throws -> [UInt8] {
        try FrameHeader(kind: kind, bodyCount: body, payloadCount: payload).bytes
    }

    @Test func beforeHelloNothingElseIsRead() throws {
        let (thrown, told) = try refusal(.stranger, of: [header(.configure, body: 64 << 20)])
        #expect(told == "a peer that has not said hello may not send configure")
        #expect(thrown.contains(told))
    }

    @Test func aViewerMaySendNothingButWhatIsAViewers() throws {
        for kind in MessageKind.allCases where MessageBudget.viewer.bodyBytesMax[kind] == nil {
            let told = try refusal(.viewer, of: [header(kind, body: kind.bodyLimit, payload: kind.payloadLimit)]).told
            #expect(told == "a viewer may not send \(kind)")
        }
    }

    @Test func aTrainersResultIsSmallWhereNothingIsEvaluated() throws {
        let told = try refusal(.trainer, of: [header(.unitDone, body: 2 << 20)]).told
        #expect(told == "the body of unitDone is 2097152 bytes, above its limit of 1048576")
    }

    @Test func aFloodOfAViewersIsRefused() throws {
        let frame = try Connection.frame(.statusRequest)
        let told = try refusal(.viewer, of: Array(repeating: frame, count: 200)).told
        #expect(told == "a viewer may send 20 messages a second, and more came")
    }

    /// Honest trainers may be fast: one that sends more than that is read more slowly, and loses nothing.
    @Test func aFloodOfATrainersIsReadMoreSlowly() throws {
        let (trainer, server) = try connectedPair(cluster)
        server.allow(.trainer)
        let frame = try Connection.frame(.heartbeat)
        let count = Int(MessageBudget.trainer.messagesAtOnce) + 500
        let sending = Background<Void> { for _ in 0..<count { try trainer.send(frame: frame) } }
        for _ in 0..<count { #expect(try server.receive(timeoutSeconds: 120).message == .heartbeat) }
        try sending.result()
        trainer.close()
    }

    @Test func aLargeBodyTakesMemoryAsItComes() throws {
        let (trainer, server) = try connectedPair(cluster)
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let sending = Background<Void> { try trainer.send(.status(bytes)) }
        #expect(try server.receive(timeoutSeconds: 120).message == .status(bytes))
        try sending.result()
        trainer.close()
    }

    @Test func tokensComeBackWithTime() {
        var now = Moment(nanoseconds: 0)
        var bucket = TokenBucket(size: 2, perSecond: 4, now: now)
        #expect(bucket.take(now) == 0 && bucket.take(now) == 0)
        #expect(bucket.take(now) == 0.25)
        now = now + 0.25
        #expect(bucket.take(now) == 0)
        now = now + 100
        #expect(bucket.take(now) == 0 && bucket.take(now) == 0 && bucket.take(now) > 0)
    }
}
