import Foundation
import MawsBase
import MawsHash
import MawsState
import Testing

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
struct StoredState {
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

    func reopened(_ name: String) throws -> StoredState {
        StoredState(folder, try #require(try StateFile.open(folder.file(name))), layout)
    }

    var chunks: [StateChunk] {
        layout.slices.indices.flatMap { block in layout.chunkElements(block).map { layout.chunk(block, at: $0) } }
    }

    /// Where an area lies in the file.
    func place(of area: UnsafeMutableRawBufferPointer) -> Range<Int> {
        let offset = UnsafeRawPointer(area.baseAddress!) - UnsafeRawPointer(file.frozen) + layout.shape.frozenOffset
        return offset..<offset + area.count
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

    /// All that the update of a chunk changes.
    func areas(_ chunk: StateChunk) -> [UnsafeMutableRawBufferPointer] {
        let slots = chunk.slots.indices.map { StateArea.slot($0) }
        let parts = ([StateArea.bank(file.content.activeBank)] + slots).flatMap { area in
            let (scales, codes) = checks.regions(area, chunk)
            return [scales, codes]
        }
        return parts + [checks.entry(chunk)]
    }

    /// - Parameter halfway: called when one checksum is renewed and others are not.
    func update(
        _ chunk: StateChunk, lane: Int = 0, atTheEnd: () throws -> Void = {}, _ halfway: () throws -> Void
    ) throws {
        let areas = areas(chunk)
        try file.journal.change(chunk.number, lane: lane, areas: areas) {
            for area in areas.dropLast() { for place in area.indices { area[place] = area[place] &* 5 &+ 3 } }
            let content = file.content
            let slots = content.slots(of: chunk)
            for holding in slots.prefix(1) { checks.renew(holding, chunk) }
            try halfway()
            for holding in [content.weights] + slots.dropFirst() { checks.renew(holding, chunk) }
            try atTheEnd()
        }
    }
}
