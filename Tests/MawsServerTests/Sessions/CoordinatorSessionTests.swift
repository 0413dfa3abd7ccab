import MawsBase
import MawsServer
import MawsTransport
import MawsWire
import Synchronization
import Testing

/// What a server makes of what its coordinator says, and of its silence.
@Suite struct CoordinatorSessionTests {
    private func session(_ rig: ShardRig, _ channel: ScriptedChannel, _ watch: TestWatch = TestWatch())
        -> CoordinatorSession
    {
        CoordinatorSession(host: rig.host, connection: channel, address: ("10.0.0.2", 7001), watch: watch)
    }

    @Test(arguments: [true, false]) func aRefusedServerIsToldWhyAndWhetherItMayComeBack(mayTryAgain: Bool) throws {
        let (rig, channel) = (try ShardRig(), ScriptedChannel(.coordinator))
        channel.say(.refused(reason: "taken", mayTryAgain: mayTryAgain))
        let refused = ServerError.refused(address: "10.0.0.1:1", reason: "taken", mayTryAgain: mayTryAgain)
        #expect(throws: refused) { try session(rig, channel).greet() }
    }

    @Test func anotherAnswerToHelloIsNone() throws {
        let (rig, channel) = (try ShardRig(), ScriptedChannel(.coordinator))
        channel.say(.heartbeat)
        let error = #expect(throws: ServerError.self) { try session(rig, channel).greet() }
        #expect("\(try #require(error))".contains("it answered hello with another message than welcome"))
    }

    private static let ends: [(Message, CoordinatorSession.End)] = [
        (.shutdown(isFinished: true, reason: "done"), .finished),
        (.refused(reason: "a newer term", mayTryAgain: true), .lost(reason: "it refused this server: a newer term")),
    ]

    @Test(arguments: ends) func aRunThatIsOverEndsTheSession(message: Message, end: CoordinatorSession.End) throws {
        let (rig, channel) = (try ShardRig(), ScriptedChannel(.coordinator))
        channel.say(.heartbeat)
        channel.say(message)
        #expect(try session(rig, channel).follow() == end)
    }

    @Test func whatDoesNotBelongThereEndsTheLine() throws {
        let breaches: [(Message, [UInt8], String)] = [
            (.heartbeat, [1], "it sent a payload where none belongs"),
            (
                .leaseRequest(shares: []), [],
                "it sent a message that does not belong on the connection for orders"
            ),
        ]
        for (message, payload, what) in breaches {
            let (rig, channel) = (try ShardRig(), ScriptedChannel(.coordinator))
            channel.say(message, payload)
            guard case .lost(let reason) = try session(rig, channel).follow() else {
                return #expect(Bool(false), "\(message) is taken")
            }
            #expect(reason.contains(what) && reason.contains("coordinator at 10.0.0.9:4000"), "\(reason)")
        }
    }

    /// A coordinator that is only busy says so when it is asked on another line.
    @Test func aSilentCoordinatorWhoseLineIsWholeIsWaitedFor() throws {
        let (rig, channel) = (try ShardRig(), ScriptedChannel(.coordinator))
        for _ in 0..<3 { channel.fallSilent() }
        channel.say(.shutdown(isFinished: true, reason: "done"))
        #expect(try session(rig, channel, TestWatch(isWhole: true)).follow() == .finished)
        channel.fallSilent()
        guard case .lost(let reason) = try session(rig, channel).follow() else {
            return #expect(Bool(false), "it is waited for")
        }
        #expect(reason.contains("for a message"), "\(reason)")
    }

    @Test func aLineThatIsFoundDeadIsLostForThatReason() throws {
        let (rig, channel) = (try ShardRig(), ScriptedChannel(.coordinator))
        let end = try session(rig, channel, TestWatch(isDead: true)).follow()
        #expect(end == .lost(reason: LineWatch.deadReason))
    }

    // MARK: - Looking for it

    private func search(exits: Bool = false) -> CoordinatorSearch {
        var options = ServerOptions(
            shard: ShardRig.shard, coordinator: NetworkAddress(host: "10.0.0.1", port: 1), certificates: "",
            stateFolder: "", exitsWithCoordinator: exits)
        options.reconnectSeconds = 20
        return CoordinatorSearch(options: options, now: Moment(nanoseconds: 0))
    }

    @Test func anAbsentCoordinatorIsLookedForMoreAndMoreSeldomAndNotForever() throws {
        var (search, now) = (search(), Moment(nanoseconds: 0))
        let away = TransportError.connectionRefused(address: "10.0.0.1:1")
        var pauses: [Double] = []
        let error = #expect(throws: ServerError.self) {
            while true {
                #expect(search.isWorthRepeating(away))
                try search.failed(away, now)
                pauses.append(search.pauseSeconds)
                now = now + search.pauseSeconds
            }
        }
        #expect(pauses == [0.25] + Array(repeating: 0.5, count: 19) + [1, 2, 4, 4])
        #expect(error == .noCoordinator(address: "10.0.0.1:1", seconds: 20, reason: "\(away)"))
    }

    @Test func oneThatWasThereIsLookedForAnewAndALocalChildEndsWithIt() throws {
        var search = search()
        let away = TransportError.connectionRefused(address: "10.0.0.1:1")
        try search.failed(away, Moment(nanoseconds: 0) + 19)
        try search.lost("closed", Moment(nanoseconds: 0) + 100)
        #expect(search.attempts == 0)
        try search.failed(away, Moment(nanoseconds: 0) + 119)
        var child = self.search(exits: true)
        #expect(throws: ServerError.coordinatorGone(address: "10.0.0.1:1", reason: "closed")) {
            try child.lost("closed", Moment(nanoseconds: 0))
        }
    }

    @Test func whatDoesNotGetBetterIsNotRepeated() throws {
        var search = search()
        let taken = ServerError.refused(address: "", reason: "taken", mayTryAgain: true)
        #expect(search.isWorthRepeating(taken))
        #expect(!search.isWorthRepeating(ServerError.refused(address: "", reason: "no", mayTryAgain: false)))
        #expect(!search.isWorthRepeating(TransportError.badCertificate(peer: "", reason: "")))
        // Another process took the place of this one: its state is the older one.
        try search.lost("closed", Moment(nanoseconds: 0))
        #expect(!search.isWorthRepeating(taken))
    }
}

/// A watch that has found what the test says.
private struct TestWatch: OrderWatch {
    var isDead = false
    var isWhole = false

    func begin() {}
    func end() {}
    func wasWhole(withinSeconds seconds: Double) -> Bool { isWhole }
    func whileHeldUp<Result>(_ body: () throws -> Result) rethrows -> Result { try body() }
}
