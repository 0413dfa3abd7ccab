import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsSum
import MawsTensor

/// Bytes of buffers that a stage takes in a trainer, found by a rehearsal of one unit: the stage's own code says.
public struct StageMemory: Sendable {
    /// Bytes of one unit: activations, gradients of blocks, scratch memory of all threads; not its images.
    public let unitBytes: Int
    /// Bytes of each block's weights, those that are packed for products among them.
    public let blockBytes: [Int]
    /// Bytes that stay of LiT's unit from the first phase of a step to the second; one unit's are in `unitBytes`.
    public let keptUnitBytes: Int

    /// - Parameters:
    ///   - keeps: what of a forward pass is kept for the backward pass, where there is one.
    ///   - keepsPackedWeights: whether what is packed of a block for its products stays with it.
    public init(
        plan: Plan, stage: StagePlan, compute: ComputeKind, threads: Int, keeps: Keeping = .everything,
        keepsPackedWeights: Bool = true
    ) throws {
        let rehearsal = BufferTally(rehearses: true)
        let (whole, kept, blocks, lane) = try rehearsal.run {
            let operands: ElementType = plan.precision == .bf16 ? .bfloat16 : .float32
            let backend = ComputeBackend.rehearsal(compute, operands: operands)
            let weights = BlockMemory(StageModel.table(stage, in: plan), keepsPackedWeights: keepsPackedWeights)
            let batch = UnitBatch(rehearsing: stage, plan)
            let before = rehearsal.liveByteCount
            let kept = try Self.rehearse(stage, plan, backend, keeps, batch, weights)
            let packed = weights.table.blocks.indices.map { weights.gather($0).packedByteCount }
            let whole = rehearsal.peakByteCount - before - packed.reduce(0, +)
            let blocks = zip(weights.buffers, packed).map { $0.bytes.count + $1 }
            return (whole, kept, blocks, backend.laneByteCount)
        }
        unitBytes = whole + (threads - 1) * lane + Self.bytesOfOtherUnits(stage, plan)
        (blockBytes, keptUnitBytes) = (blocks, kept)
    }

    /// Bytes of buffers that `MAEObjective.reconstruct` takes for some images, and the weights of a block that is
    /// gathered for it.
    public static func reconstructionBytes(plan: Plan, stage: StagePlan, images: Int) throws -> Int {
        let rehearsal = BufferTally(rehearses: true)
        return try rehearsal.run {
            let weights = BlockMemory(StageModel.table(stage, in: plan))
            var part = stage
            part.unit = images
            let batch = UnitBatch(rehearsing: part, plan)
            let before = rehearsal.liveByteCount
            let objective = MAEObjective(
                plan: plan, stage: stage, stageIndex: 0,
                backend: ComputeBackend.rehearsal(.reference, operands: .float32), keeps: .nothing)
            try objective.rehearse(batch, weights: weights)
            return rehearsal.peakByteCount - before + 4 * (weights.table.blocks.map(\.count).max() ?? 0)
        }
    }

    public var weightBytes: Int { blockBytes.reduce(0, +) }

    /// Returns what stays of a unit between phases.
    private static func rehearse(
        _ stage: StagePlan, _ plan: Plan, _ backend: ComputeBackend, _ keeps: Keeping, _ batch: UnitBatch,
        _ weights: BlockMemory
    ) throws -> Int {
        switch stage.kind {
        case .mae, .wsp:
            let objective = StageObjective.make(plan: plan, stage: stage, stageIndex: 0, backend: backend, keeps: keeps)
            _ = try objective.computeUnit(
                batch, globalBatch: stage.batch, weights: weights, gradients: NoGradients())
        case .lit:
            let objective = LiTObjective(plan: plan, stage: stage, stageIndex: 0, backend: backend, keeps: keeps)
            let part = batch.part(0..<stage.microBatch)
            let unit = try objective.embed(part, weights: weights)
            let all = try objective.embeddings(
                images: FloatBuffer(unit.imageRows).all, texts: FloatBuffer(unit.textRows).all, weights: weights)
            let sum = GradientSum(backend: backend)
            _ = try objective.computeUnit(
                part, unit: unit, all: all, firstRow: 0, weights: weights,
                gradients: sum.part(0, of: stage.unit / stage.microBatch, to: NoGradients()))
            return unit.byteCount
        case .linear, .zeroshot:
            let extractor = FeatureExtractor(plan: plan, stage: stage, stageIndex: 0, backend: backend)
            _ = try extractor.features(batch, weights: weights)
            guard stage.kind == .zeroshot, let text = plan.model.text else { break }
            let tower = TextTower(text, table: weights.table, backend: backend)
            _ = try tower.forward(
                TextBatch(tokens: batch.tokens, context: batch.context), keeps: .nothing, workspace: Workspace(),
                weights: weights)
        }
        return 0
    }

    /// The rehearsal's global batch is one part of a unit; LiT's loss holds the embeddings of all samples, and their
    /// captions and features stay from the first phase to the second.
    private static func bytesOfOtherUnits(_ stage: StagePlan, _ plan: Plan) -> Int {
        guard stage.kind == .lit, let text = plan.model.text else { return 0 }
        let kept = 4 * stage.batch * (text.context + plan.model.image.width)
        return kept + LiTEmbeddings.byteCount(pairs: stage.batch, width: text.embedding)
            - LiTEmbeddings.byteCount(pairs: stage.microBatch, width: text.embedding)
    }
}

/// Takes gradients nowhere.
final class NoGradients: GradientSink {
    func push(_ block: Int, _ gradient: FloatBuffer) {}
    func push(_ block: Int, _ gradient: SparseGradient) {}
}

extension UnitBatch {
    /// A unit of the largest size that the stage may meet: captions fill the context with different words.
    fileprivate init(rehearsing stage: StagePlan, _ plan: Plan) {
        let (model, count) = (plan.model.image, stage.unit)
        let (context, vocabulary) = (plan.model.text?.context ?? 0, plan.model.text?.vocabulary ?? 0)
        self.init(
            slots: (0..<UInt64(count)).map { $0 }, samples: Array(0..<count),
            images: FloatBuffer(count: count * model.channels * model.size * model.size), channels: model.channels,
            size: model.size, labels: [[Int]](repeating: [0], count: count),
            tokens: (0..<count * context).map { 2 + Int32($0 % max(vocabulary - 2, 1)) }, context: context)
    }
}
