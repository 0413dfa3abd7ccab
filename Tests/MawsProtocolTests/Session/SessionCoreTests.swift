import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// What a trainer may send a shard, and what is said to it.
struct SessionCoreTests {
    private typealias Harness = SessionHarness

    @Test func nothingComesBeforeARightGreeting() {
        for message in [Message.heartbeat, Harness.flush] {
            var session = Harness(isGreeted: false)
            #expect(session.receive(message) == [.end(.noHello)])
            #expect(session.core.hasEnded && session.receive(.heartbeat) == [])
        }
        var viewer = Harness.hello
        viewer.role = .viewer
        var old = Harness.hello
        old.protocolVersion = 3
        for hello in [viewer, old] {
            var session = Harness(isGreeted: false)
            #expect(session.receive(.hello(hello)) == [.refuse(.otherVersion)])
        }
        var session = Harness(isGreeted: false)
        #expect(session.receive(.hello(Harness.hello)) == [.welcome(Harness.hello)])
    }

    @Test func aGradientIsAnnouncedTakenRoomForReceivedAndDelivered() {
        var session = Harness()
        let upload = Upload.push(Harness.push)
        #expect(session.receive(.push(Harness.push), bytes: 40) == [.announce(upload)])
        #expect(session.judge(.receive(Harness.generation)) == [.takeMemory(Harness.push, payloadCount: 40)])
        #expect(session.step(.memory(isThere: true)) == [.receive(upload, payloadCount: 40)])
        #expect(session.step(.payload(isFinite: true)) == [.deliver(upload, Harness.generation)])
        #expect(session.step(.settled([.keepGradient(Harness.sum)])) == [], "what is kept is not given back")
        #expect(session.flush(.confirmed(Harness.receipt)) == .send(.flushed(Harness.reply, receipt: Harness.receipt)))
    }

    /// Before any memory is taken for it.
    @Test func whatWasNotLeasedIsRefused() {
        var session = Harness()
        _ = session.receive(.push(Harness.push), bytes: 40)
        let pushed = session.judge(.receive(Harness.generation), isLeased: false)
        #expect(pushed == [.refuse(.pushNotLeased(Harness.push))])
        session = Harness()
        _ = session.receive(.shareRows(Harness.unitRows, .none), bytes: 8)
        let shared = session.judge(.receive(Harness.generation), isLeased: false)
        #expect(shared == [.refuse(.rowsNotLeased(Harness.unitRows))])
        session = Harness()
        #expect(session.flush(.notLeased) == .refuse(.flushNotLeased(Harness.units)))
    }

    @Test func sharedRowsHaveASizeThatTheStageSays() {
        var session = Harness()
        _ = session.receive(.shareRows(Harness.unitRows, .none), bytes: 12)
        #expect(
            session.judge(.receive(Harness.generation))
                == [.refuse(.noSuchRows(Harness.unitRows, byteCount: 12))])
        session = Harness()
        let upload = Upload.shareRows(Harness.unitRows, .none)
        #expect(session.receive(.shareRows(Harness.unitRows, .none), bytes: 8) == [.announce(upload)])
        #expect(session.judge(.receive(Harness.generation)) == [.receive(upload, payloadCount: 8)])
        #expect(session.step(.payload(isFinite: true)) == [.deliver(upload, Harness.generation)])
        #expect(session.step(.settled([.keepRows])) == [])
    }

    @Test func whatNobodyNeedsIsReadAndDropped() {
        var session = Harness()
        _ = session.receive(.push(Harness.push), bytes: 40)
        #expect(session.judge(.discard) == [.discardPayload, .countDuplicate])
        session.upload(.push(Harness.push), bytes: 40)
        #expect(session.step(.settled([.discard])) == [.free, .countDuplicate], "another was faster meanwhile")
        #expect(session.flush(.settled) == .send(.flushed(Harness.reply)))
    }

    /// The next flush says so, and the one after it does not any more.
    @Test func aLossIsSaidOnceWhereverItHappened() {
        let losses: [(inout Harness) -> ShardLack] = [
            { session in
                _ = session.receive(.push(Harness.push), bytes: 40)
                #expect(session.judge(.lose(.noState)) == [.discardPayload])
                return .noState
            },
            { session in
                _ = session.receive(.push(Harness.push), bytes: 40)
                _ = session.judge(.receive(Harness.generation))
                #expect(session.step(.memory(isThere: false)) == [.discardPayload])
                return .noMemory
            },
            { session in
                session.upload(.push(Harness.push), bytes: 40)
                #expect(session.step(.settled([.lose(.otherState)])) == [.free])
                return .otherState
            },
        ]
        for lose in losses {
            var session = Harness()
            let lack = lose(&session)
            #expect(session.flush(.confirmed(Harness.receipt)) == .decline(Harness.reply, lack))
            #expect(
                session.flush(.confirmed(Harness.receipt)) == .send(.flushed(Harness.reply, receipt: Harness.receipt)))
        }
    }

    @Test func aGradientThatIsNotFiniteIsTakenOnlyWhereTheLeaseSaysSo() {
        var session = Harness()
        let upload = Upload.push(Harness.push)
        _ = session.receive(.push(Harness.push), bytes: 40)
        _ = session.judge(.receive(Harness.generation))
        _ = session.step(.memory(isThere: true))
        #expect(session.step(.payload(isFinite: false)) == [.free])
        #expect(session.flush(.incomplete) == .send(.flushed(Harness.reply, isFinite: false)))
        #expect(session.flush(.incomplete) == .decline(Harness.reply, .noUnits(Harness.units)))
        var agreed = Harness.push
        agreed.grant.mayBeNonFinite = true
        _ = session.receive(.push(agreed), bytes: 40)
        _ = session.judge(.receive(Harness.generation))
        _ = session.step(.memory(isThere: true))
        #expect(session.step(.payload(isFinite: false)) == [.deliver(.push(agreed), Harness.generation)])
        #expect(upload != .push(agreed))
    }

    /// Whoever breaks the protocol loses its connection, and what was taken for it is free again.
    @Test func aBreachEndsTheSession() {
        var session = Harness()
        session.upload(.push(Harness.push), bytes: 40)
        #expect(session.step(.settled([.breakOff(.foreignSlice)])) == [.free, .end(.foreignSlice)])
        #expect(session.core.hasEnded)
        session = Harness()
        _ = session.receive(.push(Harness.push), bytes: 40)
        #expect(
            session.judge(.breakOff(.noSuchUnits(Harness.push))) == [.discardPayload, .end(.noSuchUnits(Harness.push))])
        session = Harness()
        #expect(session.receive(Harness.flush, bytes: 3) == [.end(.noPayloadDue)])
        session = Harness()
        #expect(session.receive(.leaseRequest(shares: [])) == [.end(.notForServers)])
        session = Harness()
        _ = session.receive(.push(Harness.push), bytes: 40)
        #expect(session.receive(.heartbeat) == [.end(.notDue)])
    }

    /// Every answer says the request that it answers and the term under which the shard decided on it.
    @Test func answersAreTheRequestsOwn() {
        var session = Harness()
        let (stage, step) = (StageIndex(1), StepIndex(4))
        let gather = Message.gather(RequestNumber(6), stage: stage, step: step, block: 3)
        #expect(session.receive(gather) == [.gather(RequestNumber(6), stage: stage, step: step, block: 3)])
        let slice = TensorSlice(stage: stage, step: step, block: 3, part: .weight)
        #expect(
            session.step(.answered(.serve(ShardRequest(1), slice), Harness.reply))
                == [.sendSlice(Harness.reply, slice)])
        _ = session.receive(gather)
        #expect(
            session.step(.answered(.decline(ShardRequest(1), .noBlock(3)), Harness.reply))
                == [.decline(Harness.reply, .noBlock(3))])
        #expect(
            session.receive(.gatherRows(RequestNumber(7), stage: stage, step: step))
                == [.gatherRows(RequestNumber(7), stage: stage, step: step)])
        let units = [UnitIndex(1), UnitIndex(3)]
        #expect(
            session.step(.answered(.serveRows(ShardRequest(1), stage, step, units), Harness.reply))
                == [.sendRows(Harness.reply, stage, step, units)])
        #expect(session.receive(.linkRequest(origin: 5)) == [.sendLinkState(5)])
        #expect(session.receive(.heartbeat) == [])
    }
}

/// A session whose invariants are checked after every event.
private struct SessionHarness {
    var core = SessionCore()

    static let generation = ShardGeneration(3)
    static let reply = Reply(term: Term(2), request: RequestNumber(6))
    static let receipt = AuthenticationCode(bytes: Array(repeating: 5, count: 32))
    static let push = Push(
        term: Term(2), stage: StageIndex(1), step: StepIndex(4), unit: UnitIndex(2), level: 1, block: 0,
        encoding: .fp32)
    static let unitRows = UnitRows(term: Term(2), stage: StageIndex(1), step: StepIndex(4), unit: UnitIndex(2))
    static let units = Flush(term: Term(2), stage: StageIndex(1), step: StepIndex(4), unit: UnitIndex(2), level: 1)
    static let flush = Message.flush(RequestNumber(6), units)
    static let hello = Hello(
        protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
        dataFingerprint: "", server: nil, term: Term(2))

    /// A name that a shard gives the sum that it keeps.
    static let sum: UnitTree.Sum = {
        var tree = UnitTree(unitCount: 2)
        guard let arrival = tree.insert(UnitTree.Node(level: 1, index: 0)) else { preconditionFailure("a new node") }
        return arrival.sum
    }()

    init(isGreeted: Bool = true) {
        if isGreeted { _ = receive(.hello(Self.hello)) }
    }

    mutating func step(_ event: SessionEvent) -> [SessionAction] {
        let actions = core.step(event)
        #expect(core.violations() == [])
        return actions
    }

    mutating func receive(_ message: Message, bytes: Int = 0) -> [SessionAction] {
        step(.received(message, payloadCount: bytes))
    }

    mutating func judge(_ verdict: ShardLockedAction, isLeased: Bool = true) -> [SessionAction] {
        let shape = SharedRowsShape(units: 4, pieceBytes: 8, piecesMin: 1, piecesMax: 1)
        return step(.judged(verdict, isLeased: isLeased, sharedRows: shape))
    }

    /// As far as the shard's last word.
    mutating func upload(_ upload: Upload, bytes: Int) {
        if case .push(let push) = upload { _ = receive(.push(push), bytes: bytes) }
        _ = judge(.receive(Self.generation))
        _ = step(.memory(isThere: true))
        _ = step(.payload(isFinite: true))
    }

    mutating func flush(_ answer: FlushAnswer) -> SessionAction? {
        guard case .confirm? = receive(Self.flush).first else { return nil }
        return step(.flushed(answer, Self.reply)).first
    }
}
