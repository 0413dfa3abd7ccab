import MawsBase
import MawsWire

/// A server's state as its file holds it: what is written stays when the process dies at any instruction, and is not
/// believed after the machine's death.
final class StateFile {
    /// A chunk with the version that it is of; a gradient's is that of the step.
    struct Chunk {
        var cell: Cell
        var version: UInt64
        var isGradient = false
    }

    let configuration: ServerConfiguration
    let slices: [Range<Int>]
    /// Whether it holds what it says, from when it was filled.
    private(set) var isSealed = false
    private(set) var step: UInt64 = 0
    private(set) var hasReduced = false
    /// What makes the version that was begun; nil: it is whole.
    private(set) var update: (rate: Double, clipScale: Double)?
    private var changed = 0
    private var active = 0
    /// By bank, block and chunk.
    private var banks: [[[Chunk]]]
    private var slots: [[UInt64]]
    /// Whether something in it is not what was written.
    var isDamaged = false

    init(_ configuration: ServerConfiguration, _ shard: ShardIdentity) {
        self.configuration = configuration
        slices = ShardLayout(table: configuration.table, shard: shard).slices
        let empty = slices.map { slice in
            Array(repeating: Chunk(cell: Cell(digest: 0), version: 0), count: RunShape.chunks(slice).count)
        }
        banks = [empty, empty]
        slots = slices.map { Array(repeating: 0, count: RunShape.chunks($0).count) }
    }

    func isTrained(_ block: Int) -> Bool { configuration.table.blocks[block].isTrainable }

    // MARK: - Restoring

    func restore(_ slice: TensorSlice, _ cells: [Cell]) {
        let block = Int(slice.block)
        for (chunk, cell) in cells.enumerated() {
            if slice.part == .weight {
                banks[0][block][chunk] = Chunk(cell: cell, version: slice.step.value)
            } else {
                slots[block][chunk] = cell.digest
            }
        }
    }

    func sealRestored(_ version: UInt64) {
        (step, active, hasReduced, update, isSealed) = (version, 0, false, nil, true)
    }

    // MARK: - A step

    func storeReduced(_ block: Int, _ cells: [Cell]) {
        for (chunk, cell) in cells.enumerated() {
            banks[1 - active][block][chunk] = Chunk(cell: cell, version: step, isGradient: true)
        }
    }

    /// The gradient that lies where the next version will.
    func reduced(_ block: Int) -> [Chunk] { banks[1 - active][block] }

    func sealReduced() { hasReduced = true }
    func sealStepDropped() { hasReduced = false }

    func sealUpdating(_ commit: Commit) {
        (step, active, hasReduced, changed) = (step + 1, 1 - active, false, 0)
        update = (commit.learningRate, commit.clipScale)
    }

    private var trained: [(block: Int, chunk: Int)] {
        slices.indices.filter(isTrained).flatMap { block in
            banks[0][block].indices.map { (block, $0) }
        }
    }

    var isUpdated: Bool { changed == trained.count }

    /// Makes one more chunk of the version that was begun.
    func changeNext(_ arithmetic: Arithmetic) {
        guard let update else { return }
        let (block, chunk) = trained[changed]
        let gradient = banks[active][block][chunk].cell
        let before = banks[1 - active][block][chunk].cell.digest
        var (weight, slot) = (before, slots[block][chunk])
        if update.clipScale != 0 {
            (weight, slot) = arithmetic.update(
                before, slot, gradient.digest, rate: update.rate, clipScale: update.clipScale)
        }
        banks[active][block][chunk] = Chunk(cell: Cell(digest: weight), version: step)
        slots[block][chunk] = slot
        changed += 1
    }

    func sealApplied() { update = nil }

    // MARK: - Reading

    /// The newest version's part of a block.
    func weights(_ block: Int) -> (weights: [UInt64], slots: [UInt64]) {
        (banks[active][block].map(\.cell.digest), slots[block])
    }

    /// The chunks of a slice; nil where they are of another version than the one that is asked for.
    func read(_ slice: TensorSlice) -> [Cell]? {
        let block = Int(slice.block)
        guard !isDamaged else { return readDamaged(slice) }
        guard slice.part == .weight else { return slots[block].map { Cell(digest: $0) } }
        guard isTrained(block) else { return banks[0][block].map(\.cell) }
        let chunks = banks[slice.step.value == step ? active : 1 - active][block]
        let isWhole = chunks.allSatisfy { $0.version == slice.step.value && !$0.isGradient }
        return isWhole ? chunks.map(\.cell) : nil
    }
}

/// What only mistakes do.
extension StateFile {
    private func readDamaged(_ slice: TensorSlice) -> [Cell] {
        slices[Int(slice.block)].isEmpty
            ? [] : RunShape.chunks(slices[Int(slice.block)]).map { Cell(digest: UInt64($0)) }
    }

    /// Says that the step is reduced, whatever lies there.
    func claimReduced() -> Bool {
        if update == nil { sealReduced() }
        return update == nil
    }

    /// What was changed of the next version is changed again.
    func forgetJournal() { changed = 0 }

    func skipRest() { changed = trained.count }

    /// Some pages did not reach the disk before the machine died.
    func forgetPages() {
        for block in slices.indices where !banks[active][block].isEmpty {
            banks[active][block][0].cell = Cell(digest: 0)
        }
    }
}

/// A server's part of its machine's disk.
final class ServerDisk {
    var file: StateFile?
    /// Until when it takes no new file.
    var fullUntil: UInt64 = 0
}
