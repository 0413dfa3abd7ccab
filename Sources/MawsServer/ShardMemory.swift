import Foundation
import MawsBase
import MawsCompression
import MawsHash
import MawsOptimizer
import MawsStorage
import MawsTensor
import MawsWire
import Synchronization

/// One shard's slices of one stage, in its state file: where each lies, and the work that is done on them.
///
/// The core decides who may touch what when; this class only knows where things are.
final class ShardMemory: @unchecked Sendable {
    let configuration: ServerConfiguration
    let slices: [Range<Int>]
    /// For the gradients of this state.
    let pool: BufferPool
    private let file: StateFile
    private let optimizer: AdamW
    private let threads: UpdateThreads
    /// Floats before each block's slice, in the frozen area or in the trainable ones.
    private let offsets: [Int]
    /// Encoded weights by block, with the version they are of.
    private let encoded = Mutex<[Int: (step: StepIndex, bytes: [UInt8])]>([:])

    /// An empty memory in a new state file.
    static func create(
        _ configuration: ServerConfiguration, shard: ShardIdentity, path: String, pool: BufferPool,
        threads: UpdateThreads
    ) throws -> ShardMemory {
        let content = StateContent(
            shard: shard, runID: configuration.runID, stage: configuration.stage,
            tableHash: try hash(configuration.table), step: StepIndex(0))
        let shape = shape(configuration.table, shard: shard)
        let file = try StateFile.create(path, content: content, shape: shape)
        return ShardMemory(configuration, shard: shard, file: file, pool: pool, threads: threads)
    }

    /// The memory in an existing state file; nil when it belongs to another shard, run, stage or table.
    static func open(
        _ file: StateFile, _ configuration: ServerConfiguration, shard: ShardIdentity, pool: BufferPool,
        threads: UpdateThreads
    ) throws -> ShardMemory? {
        let content = file.content
        guard content.shard == shard, content.runID == configuration.runID, content.stage == configuration.stage,
            content.tableHash == (try hash(configuration.table)), file.shape == shape(configuration.table, shard: shard)
        else { return nil }
        return ShardMemory(configuration, shard: shard, file: file, pool: pool, threads: threads)
    }

    private init(
        _ configuration: ServerConfiguration, shard: ShardIdentity, file: StateFile, pool: BufferPool,
        threads: UpdateThreads
    ) {
        self.configuration = configuration
        self.threads = threads
        self.pool = pool
        self.file = file
        let constants = configuration.optimizer
        optimizer = AdamW(
            beta1: constants.beta1, beta2: constants.beta2, epsilon: constants.epsilon,
            weightDecay: constants.weightDecay)
        slices = ShardLayout(table: configuration.table, shard: shard).slices
        var frozen = 0
        var trained = 0
        var offsets: [Int] = []
        for (block, slice) in zip(configuration.table.blocks, slices) {
            offsets.append(block.isTrainable ? trained : frozen)
            if block.isTrainable { trained += slice.count } else { frozen += slice.count }
        }
        self.offsets = offsets
    }

    var content: StateContent { file.content }
    var trainedBlocks: [Int] { slices.indices.filter { configuration.table.blocks[$0].isTrainable } }

    /// Where a restored slice goes.
    func restoreTarget(_ slice: TensorSlice) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(floats(slice.kind, Int(slice.block), bank: 0))
    }

    /// The state's pages leave the process; see `StateFile.releaseResident`.
    func releaseResident() { file.releaseResident() }

    func sealRestored(_ step: StepIndex) throws { try file.sealRestored(step: step) }
    func sealReduced() throws { try file.sealReduced() }

    /// The bytes of a slice of the newest version or of the one before it.
    func bytes(of slice: TensorSlice) -> UnsafeRawBufferPointer {
        let content = file.content
        let bank = slice.step == content.step ? content.activeBank : 1 - content.activeBank
        return UnsafeRawBufferPointer(floats(slice.kind, Int(slice.block), bank: bank))
    }

    /// Hands out a block's weights as the run's gather encoding has them. Each version is encoded once.
    func withPayload<Result>(of slice: TensorSlice, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
    {
        guard configuration.gatherEncoding != .fp32 else { return try body(bytes(of: slice)) }
        let block = Int(slice.block)
        let isFrozen = !configuration.table.blocks[block].isTrainable
        let kept = encoded.withLock { $0[block] }
        if let kept, isFrozen || kept.step == slice.step { return try kept.bytes.withUnsafeBytes(body) }
        let made = TensorCodec.encode(bytes(of: slice), as: configuration.gatherEncoding)
        encoded.withLock { encoded in
            if encoded[block].map({ $0.step < slice.step }) ?? true { encoded[block] = (slice.step, made) }
        }
        return try made.withUnsafeBytes(body)
    }

    /// Takes the sum over all units of a block's slice.
    ///
    /// - Returns: the sum of squares of each of its chunks.
    func storeReduced(_ block: Int, _ sum: GradientSum) -> [Double] {
        sum.write(to: file.reduced + offsets[block], count: slices[block].count)
        return reducedSquares(block)
    }

    func reducedSquares(_ block: Int) -> [Double] {
        threads.chunkSquares(file.reduced + offsets[block], count: slices[block].count)
    }

    /// Writes the next version into the other bank and makes it the active one. That of a skipped step is a copy.
    func apply(_ commit: Commit) throws {
        let active = file.content.activeBank
        let pieces = trainedBlocks.flatMap { block in UpdateThreads.pieces(of: slices[block]).map { (block, $0) } }
        threads.forEach(pieces.count) { index in
            let (block, range) = pieces[index]
            let offset = offsets[block] + range.lowerBound - slices[block].lowerBound
            let (source, target) = (state(offset, bank: active), state(offset, bank: 1 - active))
            if commit.isSkipped {
                target.copy(source, count: range.count)
            } else {
                optimizer.update(
                    block: configuration.table.blocks[block], range: range, step: commit.step,
                    learningRate: commit.learningRate, clipScale: commit.clipScale, gradient: file.reduced + offset,
                    from: source, to: target)
            }
        }
        try file.sealApplied()
    }

    /// The state of a bank from this element of its areas on.
    private func state(_ offset: Int, bank: Int) -> AdamWSlice {
        AdamWSlice(
            weights: file.trainable(.weight, bank: bank) + offset,
            firstMoment: file.trainable(.firstMoment, bank: bank) + offset,
            secondMoment: file.trainable(.secondMoment, bank: bank) + offset)
    }

    private func floats(_ kind: TensorKind, _ block: Int, bank: Int) -> UnsafeMutableBufferPointer<Float> {
        let isTrained = configuration.table.blocks[block].isTrainable
        precondition(isTrained || kind == .weight)
        let area = isTrained ? file.trainable(kind, bank: bank) : file.frozen
        return UnsafeMutableBufferPointer(start: area + offsets[block], count: slices[block].count)
    }

    private static func shape(_ table: BlockTable, shard: ShardIdentity) -> StateShape {
        let slices = ShardLayout(table: table, shard: shard).slices
        let counts = zip(table.blocks, slices).map { ($0.isTrainable, $1.count) }
        return StateShape(
            frozenCount: counts.reduce(0) { $0 + ($1.0 ? 0 : $1.1) },
            trainableCount: counts.reduce(0) { $0 + ($1.0 ? $1.1 : 0) })
    }

    private static func hash(_ table: BlockTable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Hash.digest(of: Array(try encoder.encode(table)))
    }
}
