import MawsBase
import MawsKernels
import MawsModel
import MawsPlan

/// How a trainer spends the memory that it may take on one stage: whether what is packed of weights for products
/// stays or is made again, whether blocks are computed again to go backward, whether weights stay between units, how
/// many units of LiT stay between a step's phases, and of how many units gradients are added before they are pushed.
/// None changes a bit.
package struct MemoryChoice: Hashable, Sendable, CustomStringConvertible {
    /// What the process needs besides units and weights: code, connections, decoding.
    package static let processBytes = 150 << 20
    /// Gradients on their way to the shards.
    package static let pushBytesMax = 64 << 20

    package let keeps: KeptActivations
    /// Whether packed weights stay with each block; else blocks in use share the memory of one.
    package let keepsPackedWeights: Bool
    /// Nil: all weights stay.
    package let weights: WeightBudget?
    /// What the process is foreseen to take; 0 where nobody asked.
    package let byteCount: Int
    /// Units of LiT whose activations may stay from the first phase to the second while another is computed.
    package let keptUnits: Int
    /// Gradients of up to 2^sumLevels neighbouring units are added before they are pushed, where that many are leased.
    /// Each level takes `gradientBytes`, which are not in `byteCount`.
    package let sumLevels: Int
    package let gradientBytes: Int

    /// Bytes that units of LiT may stay in, and that sums of gradients may take, where nobody set a limit.
    private static let keptBytesUnlimited = 2 << 30
    private static let sumBytesUnlimited = 1 << 30

    /// Everything is kept, and nobody counts. Not for LiT.
    package static func unlimited(_ stage: StagePlan, in plan: Plan) -> MemoryChoice {
        MemoryChoice(
            Layout(keeps: .everything, keepsPackedWeights: true), weights: nil, byteCount: 0,
            sums: Sums(stage, in: plan, bytes: sumBytesUnlimited))
    }

    /// What is kept of activations and of packed weights.
    private struct Layout {
        var keeps: KeptActivations
        var keepsPackedWeights: Bool

        /// The fastest first: a weight is packed again in a hundredth of a unit's time, a block in a third.
        static func all(trains: Bool) -> [Layout] {
            let plain = [
                Layout(keeps: .everything, keepsPackedWeights: true),
                Layout(keeps: .everything, keepsPackedWeights: false),
            ]
            return trains ? plain + [Layout(keeps: .inputs, keepsPackedWeights: false)] : plain
        }
    }

    /// Sums of neighbouring units' gradients that fit in some bytes.
    private struct Sums {
        let levels: Int
        let gradientBytes: Int

        init(_ stage: StagePlan, in plan: Plan, bytes: Int) {
            gradientBytes = stage.trains ? 4 * StageModel.table(stage, in: plan).trainableCount : 0
            let useful = Int.bitWidth - 1 - stage.unitsPerStep.leadingZeroBitCount
            levels = gradientBytes > 0 ? min(useful, bytes / gradientBytes) : 0
        }
    }

    private init(_ layout: Layout, weights: WeightBudget?, byteCount: Int, keptUnits: Int = 0, sums: Sums? = nil) {
        (sumLevels, gradientBytes) = (sums?.levels ?? 0, sums?.gradientBytes ?? 0)
        (keeps, keepsPackedWeights) = (layout.keeps, layout.keepsPackedWeights)
        (self.weights, self.byteCount, self.keptUnits) = (weights, byteCount, keptUnits)
    }

    /// - Parameters:
    ///   - memoryBytes: what the process may take; nil: what it likes.
    ///   - trainers: that share a step's units, for what the process is foreseen to take.
    /// - Throws: `TooLittleMemory` when the stage does not fit however it is computed.
    package init(
        plan: Plan, stage: StagePlan, compute: ComputeKind, threads: Int, memoryBytes: Int?, trainers: Int = 1
    ) throws {
        let outside = Self.bytesOutside(plan, stage)
        var memories: [(layout: Layout, memory: StageMemory)] = []
        for layout in Layout.all(trains: stage.trains) {
            let memory = try StageMemory(
                plan: plan, stage: stage, compute: compute, threads: threads, keeps: layout.keeps,
                keepsPackedWeights: layout.keepsPackedWeights)
            let byteCount = outside + memory.unitBytes + memory.weightBytes
            if byteCount <= memoryBytes ?? .max {
                let budget = memoryBytes.map { _ in WeightBudget(memory, byteCountMax: memory.weightBytes) }
                let free = memoryBytes.map { $0 - byteCount } ?? Self.keptBytesUnlimited
                let kept = memory.keptUnits(of: stage, bytes: free)
                let share = min(kept, (stage.unitsPerStep + trainers - 1) / trainers - 1)
                let rest = memoryBytes == nil ? Self.sumBytesUnlimited : free - kept * memory.keptUnitBytes
                self.init(
                    layout, weights: budget, byteCount: byteCount + share * memory.keptUnitBytes, keptUnits: kept,
                    sums: Sums(stage, in: plan, bytes: rest))
                return
            }
            memories.append((layout, memory))
        }
        let limit = memoryBytes ?? .max
        for (layout, memory) in memories where outside + memory.unitBytes + memory.leastWeightBytes <= limit {
            let budget = WeightBudget(memory, byteCountMax: limit - outside - memory.unitBytes)
            self.init(layout, weights: budget, byteCount: limit)
            return
        }
        let least = memories.map { outside + $0.memory.unitBytes + $0.memory.leastWeightBytes }.min() ?? 0
        throw TooLittleMemory(
            stage: stage.name, memoryBytes: limit, neededBytes: least, microBatch: stage.microBatch,
            fittingMicroBatch: try Self.fittingMicroBatch(plan, stage, compute, threads, limit))
    }

    /// The process, two units' inputs (the one computed and the next), gradients on their way.
    private static func bytesOutside(_ plan: Plan, _ stage: StagePlan) -> Int {
        let inputs = stage.inputs(in: plan).filter { $0.standsFor == nil }
        let batches = 2 * stage.unit * inputs.reduce(0) { $0 + $1.byteCount }
        let trained = stage.trains ? 4 * StageModel.table(stage, in: plan).trainableCount : 0
        return processBytes + batches + min(pushBytesMax, trained)
    }

    /// The largest micro-batch by halving that fits; nil: none does.
    private static func fittingMicroBatch(
        _ plan: Plan, _ stage: StagePlan, _ compute: ComputeKind, _ threads: Int, _ limit: Int
    ) throws -> Int? {
        var part = stage
        while stage.trains && part.microBatch % 2 == 0 {
            part.microBatch /= 2
            let memory = try StageMemory(
                plan: plan, stage: part, compute: compute, threads: threads, keeps: .inputs, keepsPackedWeights: false)
            if bytesOutside(plan, part) + memory.unitBytes + memory.leastWeightBytes <= limit { return part.microBatch }
        }
        return nil
    }

    package var description: String {
        let backward = keeps == .everything ? "keeps activations" : "computes blocks again to go backward"
        guard let weights, !weights.holdsAll else {
            let packing = keepsPackedWeights ? "" : ", packs them for each unit again"
            let sums = sumLevels == 0 ? "" : ", may add up \(1 << sumLevels) units before it pushes"
            return "\(backward), keeps all weights" + packing + sums
        }
        let all = ByteSize(bytes: weights.blockBytes.reduce(0, +))
        return "\(backward), holds \(ByteSize(bytes: weights.byteCountMax)) of \(all) of weights at a time"
    }
}

extension StageMemory {
    /// Two blocks at least: the one in use and the next.
    fileprivate var leastWeightBytes: Int { min(weightBytes, 2 * (blockBytes.max() ?? 0)) }

    /// Units besides the one computed that fit in `bytes` between the phases of a step. Parts of units do not stay.
    fileprivate func keptUnits(of stage: StagePlan, bytes: Int) -> Int {
        guard keptUnitBytes > 0 && stage.microBatch == stage.unit else { return 0 }
        return min(stage.unitsPerStep - 1, bytes / keptUnitBytes)
    }
}

/// The memory that a trainer's weights may take.
package struct WeightBudget: Hashable, Sendable {
    /// Bytes of all blocks held at once; one block that is in use and larger is held all the same.
    package var byteCountMax: Int
    /// Bytes of each block with what the backend packs of it for its products.
    package var blockBytes: [Int]

    package init(byteCountMax: Int, blockBytes: [Int]) {
        (self.byteCountMax, self.blockBytes) = (byteCountMax, blockBytes)
    }

    fileprivate init(_ memory: StageMemory, byteCountMax: Int) {
        self.init(byteCountMax: byteCountMax, blockBytes: memory.blockBytes)
    }

    /// Whether every block may stay.
    package var holdsAll: Bool { blockBytes.reduce(0, +) <= byteCountMax }
}

/// A stage does not fit a trainer's memory, however it is computed.
package struct TooLittleMemory: Error, Hashable, CustomStringConvertible {
    package var stage: String
    package var memoryBytes: Int
    package var neededBytes: Int
    package var microBatch: Int
    package var fittingMicroBatch: Int?

    package var description: String {
        let remedy = fittingMicroBatch.map { ", or set `micro_batch: \($0)` or a smaller `unit` in the stage" }
        return
            "stage \(stage) does not fit a memory of \(ByteSize(bytes: memoryBytes)): \(microBatch) samples at a time "
            + "need \(neededBytes) bytes, even with blocks computed again and weights gathered block by block; give "
            + "trainers a `memory` of \(ByteSize(bytes: neededBytes))" + (remedy ?? "")
    }
}
