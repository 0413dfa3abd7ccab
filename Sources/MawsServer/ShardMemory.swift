import Foundation
import MawsBase
import MawsCompression
import MawsFiles
import MawsHash
import MawsOptimizer
import MawsState
import MawsSum
import MawsTensor
import MawsWire
import Synchronization

/// One shard's slices of one stage, in its state file: where each lies, and the work that is done on them.
///
/// The core decides who may touch what when; this class only knows where things are.
final class ShardMemory: @unchecked Sendable {
    let configuration: ServerConfiguration
    /// For the gradients of this state.
    let pool: BufferPool
    let file: StateFile
    let layout: StateLayout
    let checks: StateChecks
    /// Nil where nothing is trained.
    let optimizer: WeightUpdate?
    /// By block, in the order of the table.
    let slots: [[SlotSlice]]
    let threads: UpdateThreads
    private let encoded: Mutex<EncodedWeights>

    /// An empty memory in a new state file.
    static func create(
        _ configuration: ServerConfiguration, shard: ShardIdentity, path: String, boot: [UInt8]?, pool: BufferPool,
        threads: UpdateThreads
    ) throws -> ShardMemory {
        let content = StateContent(
            shard: shard, runID: configuration.runID, stage: configuration.stage,
            tableHash: try hash(configuration.table), step: StepIndex(0))
        let layout = StateLayout(configuration.table, shard: shard, laneCount: UpdateThreads.lanesMax)
        let file = try StateFile.create(path, content: content, shape: layout.shape, boot: boot)
        let memory = ShardMemory(configuration, layout, file: file, pool: pool, threads: threads)
        memory.checks.renewZeroSlots()
        return memory
    }

    /// The memory in an existing state file, brought to the version it speaks of; nil when it belongs to another shard,
    /// run, stage or table. Throws `damaged` where it is not what was written to it.
    static func open(
        _ file: StateFile, _ configuration: ServerConfiguration, shard: ShardIdentity, pool: BufferPool,
        threads: UpdateThreads
    ) throws -> ShardMemory? {
        let content = file.content
        let layout = StateLayout(configuration.table, shard: shard, laneCount: UpdateThreads.lanesMax)
        guard content.shard == shard, content.runID == configuration.runID, content.stage == configuration.stage,
            content.tableHash == (try hash(configuration.table)), file.shape == layout.shape
        else { return nil }
        let memory = ShardMemory(configuration, layout, file: file, pool: pool, threads: threads)
        try memory.verifyAll()
        try memory.finishUpdate()
        return memory
    }

    /// Another memory in this one's file, without what came for the step after its version.
    func withoutStep(_ configuration: ServerConfiguration, pool: BufferPool) throws -> ShardMemory {
        try file.sealStepDropped()
        return ShardMemory(configuration, layout, file: file, pool: pool, threads: threads)
    }

    private init(
        _ configuration: ServerConfiguration, _ layout: StateLayout, file: StateFile, pool: BufferPool,
        threads: UpdateThreads
    ) {
        self.configuration = configuration
        self.layout = layout
        checks = StateChecks(file, layout)
        self.threads = threads
        self.pool = pool
        encoded = Mutex(EncodedWeights(limitBytes: pool.otherBytesMax))
        self.file = file
        optimizer = configuration.optimizer.map { WeightUpdate($0, stage: configuration.stage) }
        slots = zip(configuration.table.blocks, zip(layout.slots, layout.slices)).map { block, places in
            zip(block.slots, places.0).map { slot, place in
                SlotSlice(slot, of: block, slice: places.1, memory: file.slots + place.offset)
            }
        }
    }

    var content: StateContent { file.content }
    var slices: [Range<Int>] { layout.slices }

    /// Where a restored slice goes.
    func restoreTarget(_ slice: TensorSlice) -> UnsafeMutableRawBufferPointer {
        bytes(slice.part, Int(slice.block), bank: 0)
    }

    /// The slice is there.
    func restored(_ slice: TensorSlice) {
        let block = Int(slice.block)
        let holding = holding(slice.part, block, bank: 0, slice.step)
        forEachChunk(of: [block]) { chunk, _ in checks.renew(holding, chunk) }
    }

    /// The state's pages leave the process; see `StateFile.releaseResident`.
    func releaseResident() { file.releaseResident() }

    func sealRestored(_ step: StepIndex) throws { try file.sealRestored(step: step) }
    func sealReduced() throws { try file.sealReduced() }

    /// The bytes of a slice of the newest version, or of weights of the one before it: what was written, whoever asks
    /// for them and however often, for what leaves here once is believed for a step, a stage or for ever. Throws
    /// `damaged` otherwise.
    func bytes(of slice: TensorSlice) throws(StorageError) -> UnsafeRawBufferPointer {
        let content = file.content
        let bank = slice.step == content.step ? content.activeBank : 1 - content.activeBank
        let block = Int(slice.block)
        try checks.verify(holding(slice.part, block, bank: bank, slice.step), block: block)
        return UnsafeRawBufferPointer(bytes(slice.part, block, bank: bank))
    }

    /// Hands out a block's weights as the run's gather encoding has them. Each version is encoded once, as far as
    /// there is memory to keep it.
    func withPayload<Result>(of slice: TensorSlice, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
    {
        guard configuration.gatherEncoding != .fp32 else { return try body(try bytes(of: slice)) }
        let block = Int(slice.block)
        let isFrozen = !configuration.table.blocks[block].isTrainable
        let kept = encoded.withLock { $0.bytes(block, step: isFrozen ? nil : slice.step) }
        if let kept { return try kept.withUnsafeBytes(body) }
        let made = TensorCodec.encode(try bytes(of: slice), as: configuration.gatherEncoding)
        encoded.withLock { $0.keep(block, step: slice.step, made) }
        return try made.withUnsafeBytes(body)
    }

    /// Takes the sum over all units of a block's slice, in place of the weights of the version before.
    ///
    /// - Returns: the sum of squares of each of its chunks.
    func storeReduced(_ block: Int, _ sum: PackedSum) -> [Double] {
        file.changes.during {
            sum.write(to: reduced(block), count: slices[block].count)
            let (gradient, start) = (file.content.gradient, slices[block].lowerBound)
            return threads.chunkSquares(reduced(block), count: slices[block].count) { chunk in
                checks.renew(gradient, layout.chunk(block, at: start + chunk.lowerBound))
            }
        }
    }

    func reducedSquares(_ block: Int) -> [Double] {
        threads.chunkSquares(reduced(block), count: slices[block].count)
    }

    private func reduced(_ block: Int) -> UnsafeMutablePointer<Float> {
        file.weights(bank: 1 - file.content.activeBank) + layout.weightOffsets[block]
    }

    private func holding(_ part: WeightPart, _ block: Int, bank: Int, _ version: StepIndex) -> StateHolding {
        switch part {
        case .weight: configuration.table.blocks[block].isTrainable ? .weights(bank: bank, version) : .frozen
        case .slot: .slot(slotIndex(part, block), version)
        }
    }

    /// A block's slice as it is kept; slots have no banks.
    private func bytes(_ part: WeightPart, _ block: Int, bank: Int) -> UnsafeMutableRawBufferPointer {
        switch part {
        case .weight:
            let isTrained = configuration.table.blocks[block].isTrainable
            let start = (isTrained ? file.weights(bank: bank) : file.frozen) + layout.weightOffsets[block]
            return UnsafeMutableRawBufferPointer(start: start, count: 4 * slices[block].count)
        case .slot:
            let place = layout.slots[block][slotIndex(part, block)]
            return UnsafeMutableRawBufferPointer(
                start: file.slots + place.offset, count: place.layout.byteCount(slices[block]))
        }
    }

    /// The core lets nobody ask for a slot that the block has not.
    func slotIndex(_ part: WeightPart, _ block: Int) -> Int {
        guard case .slot(let name) = part, let index = configuration.table.blocks[block].slotIndex(name) else {
            preconditionFailure("block \(configuration.table.blocks[block].name) has no \(part)")
        }
        return index
    }

    private static func hash(_ table: BlockTable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Hash.digest(of: Array(try encoder.encode(table)))
    }
}
