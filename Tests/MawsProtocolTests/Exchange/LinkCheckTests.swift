import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// When a silent line is asked about, and what the answers mean.
struct LinkCheckTests {
    private let pulse = LinkPulse(bytesSent: 1000, bytesReceived: 70)
    private let start = Moment(nanoseconds: 5_000_000_000)

    private func state(received: UInt64 = 1000, sent: UInt64 = 70, isHeldUp: Bool = false) -> LinkState {
        LinkState(isOpen: true, isHeldUp: isHeldUp, bytesReceived: received, bytesSent: sent)
    }

    @Test func lineIsAskedAboutOnceNothingMovedForAWhile() {
        var check = LinkCheck()
        let moved = LinkPulse(bytesSent: 1001, bytesReceived: 70)
        let seen = [(pulse, 0.0), (pulse, 2.9), (pulse, 3.1), (moved, 3.2), (moved, 6.3)]
        let quiet = seen.map { check.isQuiet($0.0, at: start + $0.1) }
        #expect(quiet == [false, false, true, false, true])
    }

    @Test func lineThatTheShardDoesNotKnowIsDeadUnlessItMovedMeanwhile() {
        var check = LinkCheck()
        let gone = LinkState(isOpen: false, isHeldUp: false, bytesReceived: 0, bytesSent: 0)
        let moved = LinkPulse(bytesSent: 1000, bytesReceived: 90)
        let dead = [moved, pulse].map { check.isDead(gone, before: pulse, after: $0, at: start) }
        #expect(dead == [false, true])
    }

    @Test func shardThatHasEverythingAndThinksIsLeftInPeace() {
        var check = LinkCheck()
        let dead = (0..<100).map { check.isDead(state(), before: pulse, after: pulse, at: start + Double($0)) }
        #expect(!dead.contains(true))
    }

    /// A path that swallows bytes in one direction, whichever: neither side was told.
    @Test(arguments: [(400 as UInt64, 70 as UInt64), (1000, 95)])
    func bytesUnderWayOfWhichNoneArrivesMakeALineDead(received: UInt64, sent: UInt64) {
        var check = LinkCheck()
        let stuck = state(received: received, sent: sent)
        let dead = [0, 1, 2.1].map { check.isDead(stuck, before: pulse, after: pulse, at: start + $0) }
        #expect(dead == [false, false, true])
    }

    @Test func slowLineAndShardWithoutMemoryAreNotDead() {
        var check = LinkCheck()
        let dead = (0..<200).map { second in
            let told = second < 100 ? state(received: 400 + UInt64(second)) : state(received: 500, isHeldUp: true)
            return check.isDead(told, before: pulse, after: pulse, at: start + Double(second))
        }
        #expect(!dead.contains(true))
    }
}
