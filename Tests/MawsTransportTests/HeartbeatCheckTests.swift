import MawsBase
import MawsTransport
import MawsWire
import Testing

/// When a line without heartbeats is asked about, and what the answers mean.
struct HeartbeatCheckTests {
    private let start = Moment(nanoseconds: 5_000_000_000)

    private func state(sent: UInt64) -> LinkState {
        LinkState(isOpen: true, isHeldUp: false, bytesReceived: 0, bytesSent: sent)
    }

    /// A check that looked twice a second at a line on which 70 bytes came and then none for so many seconds.
    private func silent(_ seconds: Double) -> HeartbeatCheck {
        var check = HeartbeatCheck()
        for look in 0...Int(2 * seconds) { _ = check.isQuiet(70, at: start + Double(look) / 2) }
        return check
    }

    @Test func aLineIsAskedAboutOnceNothingArrivedForAWhile() {
        var check = HeartbeatCheck()
        let quiet = (0...14).map { check.isQuiet($0 < 5 ? 70 : 71, at: start + Double($0) / 2) }
        #expect(quiet == (0...14).map { $0 >= 11 })
    }

    @Test func aLineThatTheOtherSideDoesNotHaveIsDeadUnlessSomethingCameMeanwhile() {
        var check = silent(3.5)
        let verdicts = [71, 70].map { check.verdict(.unknown, bytesReceived: $0, at: start + 3.6) }
        #expect(verdicts == [.unknown, .dead])
    }

    @Test func aBusyCoordinatorIsLeftInPeace() {
        var check = silent(3.5)
        let verdicts = (0..<100).map { look in
            check.verdict(state(sent: 70), bytesReceived: 70, at: start + 4 + Double(look))
        }
        #expect(verdicts.allSatisfy { $0 == .whole })
    }

    @Test func whatWasSentAndDoesNotArriveMakesALineDead() {
        var check = silent(3.5)
        let verdicts = [3.5, 4.5, 5.6].map { check.verdict(state(sent: 90), bytesReceived: 70, at: start + $0) }
        #expect(verdicts == [.unknown, .unknown, .dead])
    }

    /// This process was stopped, or its machine asleep: what came meanwhile was not read yet.
    @Test func aProcessThatWasStoppedDoesNotBlameTheLine() {
        var check = silent(2)
        let quiet = [30, 30.5].map { check.isQuiet(70, at: start + $0) }
        #expect(quiet == [false, false])
    }
}
