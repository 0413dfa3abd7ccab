import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A checkpoint is taken when every slice of every server is in its place, and by nothing less.
struct CheckpointCoreTests {
    static let position = RunPosition(stage: StageIndex(1), step: StepIndex(7))

    @Test func itIsSealedWithTheLastSliceOfTheLastServer() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        #expect(run.asked.count == 2 * 3 + 1)
        let slices = run.asked
        for (peer, slice) in slices.dropLast() { run.deliver(slice, from: peer) }
        #expect(run.sealed == nil)
        run.deliver(slices[slices.count - 1].1, from: slices[slices.count - 1].0)
        #expect(run.sealed == run.core.attempt)
        run.step(.sealed(run.core.attempt!))
        #expect(run.taken == [Self.position])
        #expect(run.core.attempt == nil)
    }

    /// What counts are slices: one that is sent twice stands for no other.
    @Test func aSliceThatComesTwiceStandsForNoOther() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let (peer, slice) = run.asked[0]
        for _ in 0..<20 { run.deliver(slice, from: peer) }
        #expect(run.sealed == nil)
        #expect(run.announced(slice, from: peer, byteCount: run.byteCount(slice, of: peer)) == .discard)
    }

    /// Two copies on their way at once: the second is not read while the first is.
    @Test func aSliceThatIsBeingWrittenIsNotTakenAgain() throws {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let (peer, slice) = run.asked[0]
        let bytes = run.byteCount(slice, of: peer)
        guard case .take(let ticket) = run.announced(slice, from: peer, byteCount: bytes) else {
            return #expect(Bool(false), "the first is not taken")
        }
        #expect(run.announced(slice, from: peer, byteCount: bytes) == .discard)
        run.step(.written(ticket))
        run.step(.written(ticket))
        #expect(run.core.violations() == [])
    }

    /// The connection ends in the midst of a slice, and another one comes: what is not in its place is asked for again,
    /// and nothing twice.
    @Test func whatWasOnItsWayOnAConnectionThatEndedIsAskedForAgain() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let asked = run.asked
        let (peer, first) = asked[0]
        run.deliver(first, from: peer)
        let (_, second) = asked[1]
        guard case .take(let ticket) = run.announced(second, from: peer, byteCount: run.byteCount(second, of: peer))
        else { return #expect(Bool(false), "it is not taken") }
        run.asked = []
        // The newer connection comes before the older one's end is noticed.
        run.step(.lineOpened(peer))
        run.step(.interrupted(ticket))
        run.step(.interrupted(ticket))
        run.step(.written(ticket))
        #expect(run.asked.allSatisfy { $0.0 == peer } && !run.asked.contains { $0.1 == first })
        #expect(Set(run.asked.map(\.1)).count == run.asked.count)
        #expect(Set(run.asked.map(\.1)) == Set(asked.filter { $0.0 == peer }.map(\.1)).subtracting([first]))
        #expect(run.core.awaits(peer))
        for (other, slice) in asked where slice != first || other != peer { run.deliver(slice, from: other) }
        #expect(run.sealed == run.core.attempt && !run.core.awaits(peer))
        run.asked = []
        run.step(.lineOpened(peer))
        #expect(run.asked.isEmpty)
    }

    /// A server is lost, the attempt is given up, and the same position is tried again: what was still being written
    /// for the first attempt counts for nothing, nor does its failure.
    @Test func leftoversOfAnAttemptThatWasGivenUpCountForNothing() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let first = run.core.attempt!
        let (peer, slice) = run.asked[0]
        guard case .take(let ticket) = run.announced(slice, from: peer, byteCount: run.byteCount(slice, of: peer))
        else { return #expect(Bool(false), "the first is not taken") }
        run.step(.peerLost(PeerID(2)))
        #expect(run.abandoned == [first])
        #expect(run.failures == [.serverLost])
        run.asked = []
        run.begin(Self.position)
        let slices = run.asked
        run.step(.written(ticket))
        run.step(.failed(first, .storage("no space")))
        run.step(.sealed(first))
        #expect(run.failures == [.serverLost] && run.taken == [] && run.sealed == nil)
        for (peer, slice) in slices { run.deliver(slice, from: peer) }
        #expect(run.sealed == run.core.attempt && run.sealed != first)
    }

    /// The same slice of the same version, and yet not what was asked for.
    @Test func aSliceThatAnswersAnEarlierAttemptIsDropped() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let first = run.core.attempt!
        run.begin(Self.position)
        let (peer, slice) = run.asked[0]
        let bytes = run.byteCount(slice, of: peer)
        #expect(run.announced(slice, of: first, from: peer, byteCount: bytes) == .discard)
        guard case .take = run.announced(slice, from: peer, byteCount: bytes) else {
            return #expect(Bool(false), "what answers the present attempt is not taken")
        }
    }

    @Test func anAttemptThatBeginsEndsTheOneBefore() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let first = run.core.attempt!
        let (peer, slice) = run.asked[0]
        run.begin(RunPosition(stage: StageIndex(1), step: StepIndex(9)))
        #expect(run.abandoned == [first])
        #expect(run.announced(slice, from: peer, byteCount: run.byteCount(slice, of: peer)) == .discard)
    }

    @Test func whatNobodyAskedForTakesNoMemory() {
        var run = CheckpointHarness()
        let slice = TensorSlice(stage: StageIndex(1), step: StepIndex(7), block: 0, part: .weight)
        #expect(run.announced(slice, from: PeerID(1), byteCount: 4) == .discard)
        run.begin(Self.position)
        var other = run.asked[0].1
        other.block = 99
        #expect(run.announced(other, from: PeerID(1), byteCount: 4) == .discard)
        other = run.asked[0].1
        other.part = .slot("velocity")
        #expect(run.announced(other, from: PeerID(1), byteCount: 4) == .discard)
        #expect(run.announced(run.asked[0].1, from: PeerID(9), byteCount: 4) == .discard)
    }

    @Test func aSliceOfAnotherSizeIsThePeersFaultAndStaysDue() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let (peer, slice) = run.asked[0]
        let due = run.byteCount(slice, of: peer)
        #expect(run.announced(slice, from: peer, byteCount: due - 1) == .misfit(byteCountDue: due))
        guard case .take = run.announced(slice, from: peer, byteCount: due) else {
            return #expect(Bool(false), "it is not due any more")
        }
    }

    /// Once all slices are here it needs nobody.
    @Test func aServerThatIsLostWhileItIsSealedDoesNoHarm() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        for (peer, slice) in run.asked { run.deliver(slice, from: peer) }
        run.step(.peerLost(PeerID(1)))
        run.step(.sealed(run.sealed!))
        #expect(run.taken == [Self.position] && run.failures == [])
    }

    @Test func whatCannotBeWrittenEndsTheAttemptOnce() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        let attempt = run.core.attempt!
        for _ in 0..<2 { run.step(.failed(attempt, .storage("the disk is full"))) }
        #expect(run.failures == [.storage("the disk is full")])
        run.step(.peerLost(PeerID(1)))
        #expect(run.failures.count == 1)
    }

    @Test func peersThatWereNotAskedMayGo() {
        var run = CheckpointHarness()
        run.begin(Self.position)
        run.step(.peerLost(PeerID(77)))
        #expect(run.failures == [])
    }
}

/// A core of checkpoints with two servers, and a check of what must be true after every event.
struct CheckpointHarness {
    var core = CheckpointCore()
    var asked: [(PeerID, TensorSlice)] = []
    var abandoned: [CheckpointAttempt] = []
    var failures: [CheckpointFailure] = []
    var taken: [RunPosition] = []
    /// What servers are told of a checkpoint beside steps, and servers taken for lost.
    var frozen: [PeerID] = []
    var kept: [(PeerID, TensorSlice)] = []
    var thawed: [PeerID] = []
    var lost: [PeerID] = []
    var sealed: CheckpointAttempt?

    /// A frozen block that is one server's whole, and one with two slots that both have a part of.
    static let table: BlockTable = {
        var frozen = BlockBuilder("embed", isTrainable: false)
        frozen.add("pos_embed", [2, 3], decays: false, .zeros)
        var block = BlockBuilder("block.0")
        block.add("weight", [5000], decays: true, .zeros)
        return BlockTable(blocks: [frozen.build(), block.build()], slots: WeightSlot.adamw())
    }()

    static let shards = [
        PeerID(1): ShardIdentity(index: 0, count: 2), PeerID(2): ShardIdentity(index: 1, count: 2),
    ]

    mutating func begin(_ position: RunPosition, isBeside: Bool = false) {
        asked = []
        step(.begun(position, table: Self.table, servers: Self.shards, isBeside: isBeside))
    }

    mutating func step(_ event: CheckpointEvent) {
        for action in core.step(event) {
            switch action {
            case .ask(let peer, _, let slice): asked.append((peer, slice))
            case .seal(let attempt): sealed = attempt
            case .abandon(let attempt): abandoned.append(attempt)
            case .taken(let position): taken.append(position)
            case .notTaken(_, let failure): failures.append(failure)
            case .freeze(let peer, _, _): frozen.append(peer)
            case .kept(let peer, _, let slice): kept.append((peer, slice))
            case .thaw(let peer, _): thawed.append(peer)
            case .lose(let peer, _): lost.append(peer)
            }
        }
        #expect(core.violations() == [])
    }

    /// - Parameter attempt: whose request the slice answers; the one under way unless given.
    mutating func announced(
        _ slice: TensorSlice, of attempt: CheckpointAttempt? = nil, from peer: PeerID, byteCount: Int
    ) -> SliceVerdict {
        let asked = attempt ?? core.attempt ?? CheckpointAttempt(0)
        return core.announced(slice, of: asked, from: peer, byteCount: byteCount)
    }

    mutating func deliver(_ slice: TensorSlice, from peer: PeerID) {
        let verdict = announced(slice, from: peer, byteCount: byteCount(slice, of: peer))
        #expect(core.violations() == [])
        if case .take(let ticket) = verdict { step(.written(ticket)) }
    }

    func byteCount(_ slice: TensorSlice, of peer: PeerID) -> Int {
        guard let shard = Self.shards[peer] else { return 0 }
        let range = ShardLayout(table: Self.table, shard: shard).slices[Int(slice.block)]
        return Self.table.blocks[Int(slice.block)].byteCount(slice.part, slice: range) ?? 0
    }
}
