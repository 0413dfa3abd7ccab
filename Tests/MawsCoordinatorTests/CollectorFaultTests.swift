import Foundation
import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsFiles
import MawsProtocol
import MawsTransport
import MawsWire
import Synchronization
import Testing

/// What becomes of a checkpoint when slices, servers, connections and disks are not as they should be.
struct CollectorFaultTests {
    private let run: RunFixture
    private let mailbox = Mailbox<NodeEvent>()
    private let server: FakeBulkServer

    init() throws {
        run = try RunFixture()
        server = try FakeBulkServer(0, of: 1)
    }

    private func collector(_ change: (inout CoordinatorWorld) -> Void = { _ in }) -> CheckpointCollector {
        var world = CoordinatorWorld.real
        world.beside = { $0() }
        change(&world)
        return CheckpointCollector(mailbox: mailbox, world: world)
    }

    private func begin(
        _ collector: CheckpointCollector, _ step: UInt64, prune: @escaping @Sendable () throws -> Void = {}
    ) throws {
        let header = run.preparation().header(StageIndex(0), step: StepIndex(step), computeProfile: nil)
        try collector.begin(
            run.position(0, step), header: header, store: run.store, servers: [(server.peer, server.shard)],
            prune: prune)
    }

    private struct Asked: Hashable {
        var request: RequestNumber
        var slice: TensorSlice
    }

    /// What the server was asked for since the last time.
    private func asked() -> [Asked] {
        server.tensors.take().compactMap {
            if case .snapshot(let request, let slice) = $0.message {
                Asked(request: request, slice: slice)
            } else {
                nil
            }
        }
    }

    /// The server sends what it was asked for, each element with this value.
    private func answer(
        _ asked: Asked, to collector: CheckpointCollector, value: Float = 1, from id: UInt64 = 1
    ) throws {
        let block = run.catalog[StageIndex(0)].table.blocks[Int(asked.slice.block)]
        let bytes = [Float](repeating: value, count: block.count).withUnsafeBytes { Array($0) }
        server.tensors.bring(bytes)
        try collector.receive(
            asked.slice, asked.request, from: PeerID(id), over: server.tensors, byteCount: bytes.count)
    }

    private func events() -> [String] {
        mailbox.take(waitingSeconds: 0).map { event in
            switch event {
            case .core(.checkpointTaken(let position)): "taken \(position.step.value)"
            case .core(.checkpointFailed(let position, let failure)): "not taken \(position.step.value): \(failure)"
            case .failed(let sentence): "ended: \(sentence)"
            case .lost(let id, let loss): "\(id.value) lost: \(loss)"
            default: "\(event)"
            }
        }
    }

    /// The folder's checkpoints, and whether each is whole and of this value.
    private func kept() throws -> [String: Float] {
        try Dictionary(
            uniqueKeysWithValues: Folder.names(in: run.paths.checkpoints).filter { $0 != "latest" }.map { name in
                let checkpoint = try run.store.open(name)
                try checkpoint.verify()
                var first: Float = 0
                try withUnsafeMutableBytes(of: &first) {
                    try checkpoint.read(.weight, block: 0, range: 0..<1, into: $0)
                }
                return (name, first)
            })
    }

    /// From another server, of another version, of another attempt, and for the second time.
    @Test func whatNobodyAskedForIsDropped() throws {
        let collector = collector()
        try begin(collector, 2)
        let due = asked()
        #expect(Set(due.map(\.request)).count == 1 && Set(due).count == due.count && due.count > 1)
        var other = due[0]
        other.slice.step = StepIndex(1)
        try answer(other, to: collector, value: 9)
        try answer(Asked(request: RequestNumber(99), slice: due[0].slice), to: collector, value: 9)
        try answer(due[0], to: collector, value: 9, from: 2)
        for one in due.dropLast() { try answer(one, to: collector) }
        try answer(due[0], to: collector, value: 9)
        #expect(events() == [] && collector.awaits(PeerID(1)))
        try answer(due[due.count - 1], to: collector)
        #expect(events() == ["taken 2"])
        try answer(due[0], to: collector, value: 9)
        #expect(events() == [] && !collector.awaits(PeerID(1)))
        #expect(try kept() == ["mae-2": 1])
    }

    @Test func aSliceOfAnotherSizeIsItsSendersFault() throws {
        let collector = collector()
        try begin(collector, 2)
        let due = asked()
        let error = try #require(throws: TransportError.self) {
            try collector.receive(
                due[0].slice, due[0].request, from: PeerID(1), over: server.tensors, byteCount: 3)
        }
        #expect("\(error)".contains("a slice of 3 bytes where "))
        for one in due { try answer(one, to: collector) }
        #expect(events() == ["taken 2"])
    }

    /// Two attempts would write the same folder.
    @Test func theNextAttemptTakesThePlaceOfTheLast() throws {
        let collector = collector()
        try begin(collector, 2)
        let late = asked()
        try answer(late[0], to: collector, value: 9)
        try begin(collector, 2)
        let due = asked()
        #expect(due.map(\.slice) == late.map(\.slice) && due[0].request != late[0].request)
        try answer(late[1], to: collector, value: 9)
        for one in due { try answer(one, to: collector) }
        #expect(events() == ["taken 2"])
        #expect(try kept() == ["mae-2": 1])
    }

    /// Requests and answers may have been lost with the last connection; what is in its place is not asked for again.
    @Test func anotherConnectionIsAskedForWhatIsMissing() throws {
        let collector = collector()
        try begin(collector, 2)
        let due = asked()
        try answer(due[1], to: collector)
        try server.open()
        collector.lineOpened(PeerID(1))
        #expect(asked() == [due[0]] + due.dropFirst(2))
        collector.lineOpened(PeerID(2))
        #expect(asked() == [])
        for one in [due[0]] + due.dropFirst(2) { try answer(one, to: collector) }
        #expect(events() == ["taken 2"])
        collector.lineOpened(PeerID(1))
        #expect(asked() == [])
    }

    /// Only the attempt under way counts, and only of whom it waits for.
    @Test func aServerThatHasNotWhatItIsAskedForIsLost() throws {
        let collector = collector()
        collector.declined(PeerID(1), RequestNumber(0), "early")
        try begin(collector, 2)
        let due = asked()
        collector.declined(PeerID(1), RequestNumber(due[0].request.value + 1), "late")
        collector.declined(PeerID(2), due[0].request, "another")
        #expect(events() == [])
        collector.declined(PeerID(1), due[0].request, "it is at step 1")
        #expect(events() == ["1 lost: it has not what a checkpoint is made of: it is at step 1"])
        collector.lost(PeerID(2))
        #expect(events() == [])
        collector.lost(PeerID(1))
        #expect(events() == ["not taken 2: a server left while it was taken"])
        #expect(try kept() == [:])
    }

    /// Once all slices are here, nobody is needed for it any more.
    @Test func aServerThatLeavesWhileItIsSealedIsNotMissed() throws {
        let seal = Mutex<(@Sendable () -> Void)?>(nil)
        let collector = collector { $0.beside = { work in seal.withLock { $0 = work } } }
        try begin(collector, 2)
        for one in asked() { try answer(one, to: collector) }
        collector.lost(PeerID(1))
        #expect(events() == [])
        let work = try #require(seal.withLock { $0 })
        work()
        #expect(events() == ["taken 2"])
        #expect(try kept() == ["mae-2": 1])
    }

    /// The first write makes the place, the others fill it; what was written is gone.
    @Test(arguments: 1...3)
    func aDiskThatRefusesAWriteEndsTheRun(refused: Int) throws {
        let count = Mutex(0)
        let full = StorageError.full(path: "mae-2", bytes: 4)
        let collector = collector { world in
            world.disk = { what, body in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                if number == refused, what == .checkpoint { throw full }
                try body()
            }
        }
        if refused == 1 {
            #expect(throws: full) { try begin(collector, 2) }
            #expect(asked() == [] && events() == [])
        } else {
            try begin(collector, 2)
            for one in asked() { try answer(one, to: collector) }
            #expect(events() == ["ended: \(full)"])
        }
        #expect(try kept() == [:])
        try begin(collector, 4)
        for one in asked() { try answer(one, to: collector) }
        #expect(events() == ["taken 4"])
        #expect(try kept() == ["mae-4": 1])
    }

    /// Room is made once the new one is there, and not before; that it cannot be made ends the run.
    @Test(arguments: [false, true])
    func roomIsMadeOnceTheCheckpointIsDurable(fails: Bool) throws {
        struct NoRoom: Error {}
        let collector = collector()
        let found = Mutex<[Bool]>([])
        let path = "\(run.paths.checkpoints)/mae-2/manifest.json"
        try begin(collector, 2) {
            found.withLock { $0.append(FileManager.default.fileExists(atPath: path)) }
            if fails { throw NoRoom() }
        }
        for one in asked() { try answer(one, to: collector) }
        #expect(found.withLock { $0 } == [true])
        #expect(events() == [fails ? "ended: NoRoom()" : "taken 2"])
    }
}
