import MawsBase
import MawsProtocol
import Testing

/// What silence means, and when something is done about it.
struct HeartbeatCoreTests {
    private static let peer = PeerID(1)
    private var core = HeartbeatCore(now: Moment(nanoseconds: 0), lostSeconds: 100)
    private var now = Moment(nanoseconds: 0)
    private var actions: [HeartbeatCore.Action] = []

    private static func server(silent seconds: Double) -> HeartbeatCore.Line {
        HeartbeatCore.Line(.server, silentSeconds: seconds, readSeconds: 0)
    }

    /// Ten ticks a second in which nothing is heard of the server.
    private mutating func silence(seconds: Double, from start: Double = 0) {
        for tick in 1...Int(seconds * 10) {
            now = now + 0.1
            actions += core.tick([Self.peer: Self.server(silent: start + Double(tick) / 10)], now: now)
        }
    }

    private mutating func speech(seconds: Double) {
        for _ in 0..<Int(seconds * 10) {
            now = now + 0.1
            actions += core.tick([Self.peer: Self.server(silent: 0.05)], now: now)
        }
    }

    private var looks: Int { actions.count { $0 == .look(Self.peer) } }

    @Test mutating func everybodyIsToldSomethingEverySecond() {
        speech(seconds: 10)
        #expect((9...10).contains(actions.count { $0 == .beat }))
        #expect(core.longest(now) == nil)
    }

    /// Once a silence: looking goes on by itself until it ends.
    @Test mutating func aSilentServerIsLookedForOnceASilence() {
        silence(seconds: 2.9)
        #expect(looks == 0)
        silence(seconds: 5, from: 2.9)
        #expect(looks == 1)
        speech(seconds: 1)
        silence(seconds: 4)
        #expect(looks == 2)
    }

    /// Whoever ticks may be held up while the server speaks.
    @Test mutating func aSilenceThatIsShorterThanBeforeIsAnotherOne() {
        silence(seconds: 5)
        silence(seconds: 3, from: 1.9)
        #expect(looks == 2)
    }

    @Test mutating func aServerThatIsSilentIsWaitedForFromTwoSecondsOn() throws {
        silence(seconds: 1.9)
        #expect(core.longest(now) == nil)
        silence(seconds: 1, from: 1.9)
        let found = try #require(core.longest(now))
        #expect((found.peer, found.endedSecondsAgo) == (Self.peer, 0))
        #expect(abs(found.seconds - 2.9) < 0.01)
    }

    /// A server that works 0.3 s in every 8 s holds everybody up all the time: whenever one asks, it is named, but for
    /// the first seconds.
    @Test mutating func aServerThatWorksNowAndThenIsNamedAllTheTime() {
        silence(seconds: 7.7)
        for _ in 0..<8 {
            for _ in 0..<3 {
                speech(seconds: 0.1)
                #expect(core.longest(now)?.peer == Self.peer)
            }
            for tenth in 1...77 {
                silence(seconds: 0.1, from: Double(tenth - 1) / 10)
                #expect(core.longest(now)?.peer == Self.peer)
            }
        }
    }

    @Test mutating func aSilenceThatIsLongOverIsForgotten() {
        silence(seconds: 5)
        speech(seconds: 5)
        #expect(core.longest(now).map { abs($0.endedSecondsAgo - 5) < 0.01 && abs($0.seconds - 5) < 0.01 } == true)
        speech(seconds: 6)
        #expect(core.longest(now) == nil)
    }

    @Test mutating func whoIsGoneIsForgotten() {
        silence(seconds: 5)
        _ = core.tick([:], now: now)
        #expect(core.longest(now) == nil)
    }

    @Test func ofSeveralTheOneThatLastsIsNamed() {
        var core = HeartbeatCore(now: Moment(nanoseconds: 0), lostSeconds: 100)
        let now = Moment(nanoseconds: 60_000_000_000)
        _ = core.tick([PeerID(1): 9, PeerID(2): 3, PeerID(3): 4].mapValues { Self.server(silent: $0) }, now: now)
        #expect(core.longest(now)?.peer == PeerID(1))
        _ = core.tick(
            [PeerID(1): 0.1, PeerID(2): 3.1, PeerID(3): 4.1].mapValues { Self.server(silent: $0) }, now: now + 0.1)
        #expect(core.longest(now + 0.1)?.peer == PeerID(3))
    }
}

/// Who counts as gone, as nothing came from it for too long.
struct SilentPeerTests {
    private var core = HeartbeatCore(now: Moment(nanoseconds: 0), lostSeconds: 10)
    private var now = Moment(nanoseconds: 0)

    /// Who is lost at a tick so much later.
    private mutating func lost(
        after seconds: Double, _ role: Role = .trainer, silent: Double, read: Double = 1000
    ) -> [HeartbeatCore.Action] {
        now = now + seconds
        let line = HeartbeatCore.Line(role, silentSeconds: silent, readSeconds: read)
        return core.tick([PeerID(7): line], now: now).filter { if case .lose = $0 { true } else { false } }
    }

    @Test(arguments: [Role.server, .trainer, .viewer]) mutating func whoSaysNothingIsLostSoonAfterTheTimeout(role: Role)
    {
        #expect(lost(after: 0, role, silent: 9.9) == [])
        #expect(lost(after: 0.1, role, silent: 10) == [])
        #expect(lost(after: 0.9, role, silent: 10.9) == [])
        #expect(lost(after: 0.1, role, silent: 11) == [.lose(PeerID(7), silentSeconds: 11)])
    }

    /// This process was stopped for a minute, and what came meanwhile is read only now.
    @Test mutating func aProcessThatWasStoppedHearsItsPeersFirst() {
        #expect(lost(after: 0.1, silent: 0.5) == [])
        #expect(lost(after: 60, silent: 60.5) == [])
        #expect(lost(after: 0.1, silent: 0.05) == [])
        for _ in 0..<20 { #expect(lost(after: 0.1, silent: 0.5) == []) }
    }

    /// However seldom it is asked.
    @Test mutating func whoeverTicksSlowlyLosesWhoIsGoneAllTheSame() {
        #expect(lost(after: 3, silent: 9) == [])
        #expect(lost(after: 3, silent: 12) == [])
        #expect(lost(after: 3, silent: 15) == [.lose(PeerID(7), silentSeconds: 15)])
    }

    /// Its inbox is full, say: what it sent may wait to be read.
    @Test mutating func whoseLineIsNotReadIsNotSilent() {
        for second in 1...40 { #expect(lost(after: 1, silent: Double(second), read: 0) == []) }
        for second in 1...9 { #expect(lost(after: 1, silent: Double(40 + second), read: Double(second)) == []) }
        #expect(lost(after: 1, silent: 50, read: 10) == [])
        #expect(lost(after: 1, silent: 51, read: 11) == [.lose(PeerID(7), silentSeconds: 51)])
    }

    @Test mutating func whoIsLostIsNotLookedForAnyMore() {
        now = now + 20
        let line = HeartbeatCore.Line(.server, silentSeconds: 20, readSeconds: 20)
        #expect(core.tick([PeerID(7): line], now: now).contains(.look(PeerID(7))))
        let actions = core.tick([PeerID(7): line], now: now + 2)
        #expect(actions.contains(.lose(PeerID(7), silentSeconds: 20)) && !actions.contains(.look(PeerID(7))))
        #expect(core.longest(now + 2) == nil)
    }
}

/// What is found of a silent server, and what that says of its line.
struct LineRuleTests {
    @Test(arguments: [
        (LineRule.Finding.nobody, LineRule.Loss.nobodyListens), (.anotherProcess, .anotherProcessAnswers),
        (.theProcess, .lineIsDead),
    ])
    func whatIsFoundEndsTheLine(finding: LineRule.Finding, loss: LineRule.Loss) {
        #expect(LineRule.loss(finding, silentSeconds: 3.1, 3.2, isHeldUp: false) == loss)
    }

    /// It may be stopped, and go on.
    @Test func whoDoesNotAnswerIsWaitedFor() {
        #expect(LineRule.loss(.noAnswer, silentSeconds: 9, 11, isHeldUp: false) == nil)
    }

    @Test(arguments: [LineRule.Finding.nobody, .anotherProcess, .theProcess])
    func whoSpokeMeanwhileIsThere(finding: LineRule.Finding) {
        #expect(LineRule.loss(finding, silentSeconds: 3.1, 0.1, isHeldUp: false) == nil)
        #expect(LineRule.loss(finding, silentSeconds: 2.9, 3.1, isHeldUp: false) == nil)
    }

    /// What came is not read while a slice is written to a slow disk, say: that is not the line's fault. A process that
    /// is gone is gone all the same.
    @Test func aLineThatIsNotReadIsNotDead() {
        #expect(LineRule.loss(.theProcess, silentSeconds: 8, 9, isHeldUp: true) == nil)
        #expect(LineRule.loss(.nobody, silentSeconds: 8, 9, isHeldUp: true) == .nobodyListens)
    }
}
