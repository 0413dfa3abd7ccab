import Foundation
import MawsBase
import MawsFiles
import MawsHash
import MawsState
import Testing

struct StateChecksTests {
    @Test(arguments: StoredSlots.allCases)
    func aFlippedBitOfAnyChunkInAnyAreaIsFoundThereAndNowhereElse(slots: StoredSlots) throws {
        let state = try State(slots, isReduced: true)
        try state.verifyAll()
        for chunk in state.chunks {
            for holding in state.checks.believed(chunk, isDone: true) {
                let (scales, codes) = state.checks.regions(holding.area, chunk)
                for bytes in [scales, codes] where !bytes.isEmpty {
                    for place in [0, bytes.count / 2, bytes.count - 1] {
                        bytes[place] ^= 0x10
                        let found = try #require(throws: StorageError.self) { try state.verifyAll() }
                        #expect(found == state.checks.damage(holding, chunk))
                        bytes[place] ^= 0x10
                    }
                }
            }
        }
        try state.verifyAll()
    }

    @Test(arguments: StoredSlots.allCases)
    func aFlippedBitOfAnyChecksumIsFound(slots: StoredSlots) throws {
        let state = try State(slots, isReduced: true)
        let shape = state.layout.shape
        // A block may have fewer slots than another: what is left of its chunks' room says nothing.
        let trained = state.chunks.filter(\.isTrained).flatMap { chunk in
            (0..<4 * (2 + chunk.slots.count)).map { shape.checksOffset + 4 * shape.checksPerChunk * chunk.number + $0 }
        }
        let places = trained + (0..<4 * shape.frozenChunkCount).map { shape.frozenChecksOffset + $0 }
        for place in places {
            try state.folder.damage("state", at: place)
            #expect(throws: StorageError.self) { try state.verifyAll() }
            try state.folder.damage("state", at: place)
        }
        try state.verifyAll()
    }

    @Test func theGradientCountsOnceItIsSealed() throws {
        let state = try State(.fp32, isReduced: false)
        state.file.weights(bank: 1)[0] *= -1
        try state.verifyAll()
        try state.file.sealReduced()
        let found = try #require(throws: StorageError.self) { try state.verifyAll() }
        #expect(
            "\(found)".hasSuffix(
                "state is damaged: the reduced gradient of block block, chunk 0 (elements 0 to 4095), is not what was "
                    + "written there."))
        try state.file.sealStepDropped()
        try state.verifyAll()
    }

    /// By a thread that reads the file and not the memory.
    @Test(arguments: StoredSlots.allCases)
    func aLookBesideTheWritersFindsDamageAndLeavesWhatTheyChangeToThem(slots: StoredSlots) throws {
        let state = try State(slots, isReduced: true)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 15, alignment: 64)
        defer { buffer.deallocate() }
        for chunk in state.chunks {
            try state.checks.look(at: chunk, with: buffer)
            for holding in state.checks.believed(chunk, isDone: true) {
                let codes = state.checks.regions(holding.area, chunk).codes
                codes[codes.count - 1] ^= 1
                #expect(throws: state.checks.damage(holding, chunk)) { try state.checks.look(at: chunk, with: buffer) }
                try state.file.changes.during { try state.checks.look(at: chunk, with: buffer) }
                codes[codes.count - 1] ^= 1
            }
        }
    }

    /// In the middle of an update: one chunk done, one that a death left half changed, the others untouched.
    @Test(arguments: StoredSlots.allCases)
    func aFlippedBitOfTheJournalIsFoundOrDoesNoHarm(slots: StoredSlots) throws {
        let state = try State(slots, isReduced: true)
        let before = try state.updateUntilDeath()
        let shape = state.layout.shape
        let marks = (0..<4 * shape.chunkCount).map { shape.marksOffset + $0 }
        let copy = shape.lanesOffset + 64..<shape.lanesOffset + shape.laneBytes
        let lane =
            [shape.lanesOffset, shape.lanesOffset + 1]
            + Array(stride(from: copy.lowerBound, to: copy.upperBound, by: 97))
        for place in marks + lane {
            try before.write(to: URL(filePath: state.folder.file("copy")))
            try state.folder.damage("copy", at: place)
            let copy = try state.reopened("copy")
            do {
                try copy.resume()
            } catch let error as StorageError {
                #expect("\(error)".contains("is not what was written there"))
                continue
            }
            #expect(place >= shape.lanesOffset, "a mark was flipped")
            #expect(try copy.everything() == state.everything())
        }
    }

    /// The newest header is damaged, so that the one before it counts, and the file holds no more what that says.
    @Test func aHeaderThatIsOlderThanTheFileIsNotBelieved() throws {
        let state = try State(.fp32, isReduced: true)
        let before = try state.updateUntilDeath()
        for slot in [0, 4096] {
            try before.write(to: URL(filePath: state.folder.file("copy")))
            try state.folder.damage("copy", at: slot + 30)
            let copy = try state.reopened("copy")
            guard copy.file.content.update == nil else { continue }
            let found = try #require(throws: StorageError.self) { try copy.resume() }
            #expect("\(found)".contains("the mark or the copy in the journal of block"))
        }
    }

    /// A death while marks are cleared for the next update: the present version is whole, and so is its gradient.
    @Test func marksThatWereClearedInPartAreNoDamage() throws {
        let (state, next) = (try State(.fp32, isReduced: true), try State(.fp32, isReduced: true))
        try next.file.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
        let (whole, cleared) = (try state.bytes(), try next.bytes())
        let shape = state.layout.shape
        for count in stride(from: 0, through: 4 * shape.chunkCount, by: 4) {
            let marks = shape.marksOffset..<shape.marksOffset + count
            var torn = whole
            torn.replaceSubrange(marks, with: cleared[marks])
            try torn.write(to: URL(filePath: state.folder.file("copy")))
            let copy = try state.reopened("copy")
            #expect(copy.file.content.hasReduced)
            try copy.resume()
        }
    }
}

/// Pieces of a state that are whole in themselves, where they do not belong.
struct StatePlaceTests {
    /// A chunk's numbers in one area, with their checksum.
    @Test(arguments: StoredSlots.allCases)
    func aChunkOfAnOlderVersionIsNotBelieved(slots: StoredSlots) throws {
        let state = try State(slots, isReduced: true)
        let older = try state.bytes()
        _ = try state.updateUntilDeath()
        try state.makeGradient()
        let present = try state.bytes()
        for chunk in state.chunks where chunk.isTrained {
            for holding in state.checks.believed(chunk, isDone: true) {
                state.put(older, holding.area, chunk)
                let found = try #require(throws: StorageError.self) { try state.verifyAll() }
                #expect(found == state.checks.damage(holding, chunk))
                state.put(present, holding.area, chunk)
            }
        }
        try state.verifyAll()
    }

    /// Two chunks of one area and length change places, with their checksums.
    @Test(arguments: StoredSlots.allCases)
    func exchangedChunksAreNotBelieved(slots: StoredSlots) throws {
        let state = try State(slots, isReduced: true)
        let trained = state.chunks.filter { $0.isTrained && $0.range.count == ShardLayout.chunkLength }
        let (first, second) = (trained[0], trained[1])
        #expect(first.range.count == second.range.count)
        let present = try state.bytes()
        for area in [StateArea.bank(0), .bank(1), .slot(0), .slot(1)] {
            guard state.checks.regions(area, first).scales.count == state.checks.regions(area, second).scales.count
            else { continue }
            state.put(present, area, first, at: second)
            state.put(present, area, second, at: first)
            #expect(throws: StorageError.self) { try state.verifyAll() }
            state.put(present, area, first)
            state.put(present, area, second)
        }
        try state.verifyAll()
    }

    @Test func aGradientOfTheSameStepThatWasDroppedIsNotBelieved() throws {
        let state = try State(.fp32, isReduced: true)
        let older = try state.bytes()
        try state.file.sealStepDropped()
        try state.makeGradient()
        try state.verifyAll()
        let chunk = try #require(state.chunks.first { $0.isTrained })
        state.put(older, .bank(1), chunk)
        #expect(throws: state.checks.damage(state.file.content.gradient, chunk)) { try state.verifyAll() }
    }

    /// The same version, stage and table: made again from a checkpoint, or by another run.
    @Test func aChunkOfAnotherFileIsNotBelieved() throws {
        let (state, other) = (try State(.fp32, isReduced: true), try State(.fp32, isReduced: true))
        let foreign = try other.bytes()
        for chunk in state.chunks {
            let holding = try #require(state.checks.believed(chunk, isDone: true).first)
            let present = try state.bytes()
            state.put(foreign, holding.area, chunk)
            #expect(throws: state.checks.damage(holding, chunk)) { try state.verifyAll() }
            state.put(present, holding.area, chunk)
        }
    }

    /// A skipped step's moments are those of the version before it, and the next version's from then on.
    @Test func momentsThatAStepPassesOnAreOfTheNextVersion() throws {
        let state = try State(.fp32, isReduced: true)
        let chunk = try #require(state.chunks.first { $0.isTrained })
        let next = StateHolding.slot(0, State.version.next)
        #expect(throws: StorageError.self) { try state.checks.verify(next, chunk) }
        state.checks.pass(.slot(0, State.version), on: next, chunk)
        try state.checks.verify(next, chunk)
        #expect(throws: StorageError.self) { try state.checks.verify(.slot(0, State.version), chunk) }
    }
}

/// What is kept beside the weights: AdamW's moments, momentum and an average, or other slots in each block.
enum StoredSlots: CaseIterable {
    case fp32, bf16, int8, momentumAndAverage, mixed

    func slots(ofBlock index: Int) -> [WeightSlot] {
        let average = WeightSlot(WeightSlot.averageName, .fp32, .weightAverage)
        let momentum = WeightSlot("momentum_buffer", .int8, .momentum)
        return switch self {
        case .fp32: WeightSlot.adamw()
        case .bf16: WeightSlot.adamw(.bf16)
        case .int8: WeightSlot.adamw(.int8)
        case .momentumAndAverage: [momentum, average]
        case .mixed: index == 1 ? WeightSlot.adamw(.int8) + [average] : []
        }
    }
}

/// A filled state, and what a server does with it.
private struct State {
    let folder: TemporaryFolder
    let file: StateFile
    let layout: StateLayout
    let checks: StateChecks

    init(_ slots: StoredSlots, isReduced: Bool) throws {
        let table = Self.table(slots)
        let shard = ShardIdentity(index: 0, count: 1)
        let layout = StateLayout(table, shard: shard, laneCount: 2)
        let folder = try TemporaryFolder()
        let content = StateContent(
            shard: shard, runID: "run", stage: StageIndex(0), tableHash: Hash.digest(of: [1]), step: StepIndex(0))
        let file = try StateFile.create(folder.file("state"), content: content, shape: layout.shape)
        self.init(folder, file, layout)
        for (index, chunk) in chunks.enumerated() {
            for holding in Self.filled(chunk) {
                let (scales, codes) = checks.regions(holding.area, chunk)
                for bytes in [scales, codes] {
                    for place in bytes.indices { bytes[place] = UInt8(truncatingIfNeeded: 31 &* place &+ 7 &* index) }
                }
                checks.renew(holding, chunk)
            }
        }
        try file.sealRestored(step: Self.version)
        if isReduced { try file.sealReduced() }
    }

    static let version = StepIndex(4)

    /// The version, and the gradient of the step after it.
    private static func filled(_ chunk: StateChunk) -> [StateHolding] {
        guard chunk.isTrained else { return [.frozen] }
        return [.weights(bank: 0, version), .gradient(bank: 1, version, dropped: 0)]
            + chunk.slots.indices.map { .slot($0, version) }
    }

    /// A frozen block, and two trained ones of several chunks whose last ones are short.
    private static func table(_ slots: StoredSlots) -> BlockTable {
        let blocks: [ParameterBlock] = [("position", false, 5000), ("block", true, 9000), ("head", true, 4100)].map {
            name, isTrainable, count in
            var builder = BlockBuilder(name, isTrainable: isTrainable)
            builder.add("\(name).weight", [count], decays: true, .zeros)
            builder.add("\(name).bias", [11], decays: false, .zeros)
            return builder.build()
        }
        return BlockTable(
            blocks: blocks.enumerated().map { index, block in
                var block = block
                if block.isTrainable { block.slots = slots.slots(ofBlock: index) }
                return block
            })
    }

    private init(_ folder: TemporaryFolder, _ file: StateFile, _ layout: StateLayout) {
        (self.folder, self.file, self.layout) = (folder, file, layout)
        checks = StateChecks(file, layout)
    }

    func reopened(_ name: String) throws -> State {
        State(folder, try #require(try StateFile.open(folder.file(name))), layout)
    }

    var chunks: [StateChunk] {
        layout.slices.indices.flatMap { block in layout.chunkElements(block).map { layout.chunk(block, at: $0) } }
    }

    func bytes() throws -> Data { try Data(contentsOf: URL(filePath: file.path)) }

    func verifyAll() throws {
        for chunk in chunks { for part in checks.believed(chunk, isDone: true) { try checks.verify(part, chunk) } }
    }

    /// Begins an update and gives the file as a death in its second chunk leaves it; then ends it.
    func updateUntilDeath() throws -> Data {
        var left = Data()
        try file.sealUpdating(StateUpdate(learningRate: 0.5, clipScale: 0.25))
        for chunk in chunks where chunk.isTrained {
            try update(chunk) { if chunk.number == 1 { left = try bytes() } }
        }
        try file.sealApplied()
        return left
    }

    /// The reduced gradient of the present version.
    func makeGradient() throws {
        for chunk in chunks where chunk.isTrained {
            let gradient = file.content.gradient
            let codes = checks.regions(gradient.area, chunk).codes
            for place in codes.indices { codes[place] = codes[place] &* 7 &+ 1 }
            checks.renew(gradient, chunk)
        }
        try file.sealReduced()
    }

    /// Puts a chunk of a copy of the file, with its checksum, into this one, where another lies maybe.
    func put(_ copy: Data, _ area: StateArea, _ chunk: StateChunk, at place: StateChunk? = nil) {
        let base = UnsafeRawPointer(file.frozen) - layout.shape.frozenOffset
        let check = { (chunk: StateChunk) in
            chunk.isTrained
                ? layout.shape.checksOffset + 4 * (layout.shape.checksPerChunk * chunk.number + area.checkIndex)
                : layout.shape.frozenChecksOffset + 4 * chunk.number
        }
        let (from, to) = (checks.regions(area, chunk), checks.regions(area, place ?? chunk))
        for (source, target) in [(from.scales, to.scales), (from.codes, to.codes)] where !source.isEmpty {
            let offset = UnsafeRawPointer(source.baseAddress!) - base
            copy.copyBytes(to: target, from: offset..<offset + source.count)
        }
        let target = UnsafeMutableRawPointer(mutating: base + check(place ?? chunk))
        copy.copyBytes(
            to: UnsafeMutableRawBufferPointer(start: target, count: 4), from: check(chunk)..<check(chunk) + 4)
    }

    /// What a next process does.
    func resume() throws {
        let journal = file.journal
        let content = file.content
        let unfit =
            content.update == nil
            ? journal.foreignMark() : journal.restore { areas(layout.chunk($0, isTrained: true)) }
        if let unfit {
            throw checks.damage("the mark or the copy in the journal", layout.chunk(unfit, isTrained: true))
        }
        for chunk in chunks {
            let isDone = content.update == nil || chunk.isTrained && journal.isDone(chunk.number)
            for part in checks.believed(chunk, isDone: isDone) { try checks.verify(part, chunk) }
        }
        guard content.update != nil else { return }
        for chunk in chunks where chunk.isTrained && !journal.isDone(chunk.number) { try update(chunk) {} }
        try file.sealApplied()
    }

    /// Every byte that a next process would believe.
    func everything() throws -> [[UInt8]] {
        chunks.flatMap { chunk in
            checks.believed(chunk, isDone: true).flatMap { holding in
                let (scales, codes) = checks.regions(holding.area, chunk)
                return [Array(scales), Array(codes)]
            }
        }
    }

    private func areas(_ chunk: StateChunk) -> [UnsafeMutableRawBufferPointer] {
        let slots = chunk.slots.indices.map { StateArea.slot($0) }
        let parts = ([StateArea.bank(file.content.activeBank)] + slots).flatMap { area in
            let (scales, codes) = checks.regions(area, chunk)
            return [scales, codes]
        }
        return parts + [checks.entry(chunk)]
    }

    private func update(_ chunk: StateChunk, _ halfway: () throws -> Void) throws {
        let areas = areas(chunk)
        try file.journal.change(chunk.number, lane: 0, areas: areas) {
            for area in areas.dropLast() { for place in area.indices { area[place] = area[place] &* 5 &+ 3 } }
            let content = file.content
            let slots = content.slots(of: chunk)
            for holding in slots.prefix(1) { checks.renew(holding, chunk) }
            try halfway()
            for holding in [content.weights] + slots.dropFirst() { checks.renew(holding, chunk) }
        }
    }
}
