import MawsBase
import MawsModel
import MawsPlan
import MawsTraining

/// How a trainer spends the memory that it may take on one stage: whether blocks are computed again to go backward,
/// whether weights stay between units, and how many units of LiT stay between a step's phases. None changes a bit.
struct MemoryChoice: Hashable {
    /// What the process needs besides units and weights: code, connections, decoding.
    static let processBytes = 150 << 20

    /// Bytes that units of LiT may stay in where nobody set a limit.
    private static let keptBytesUnlimited = 2 << 30

    var keeps: Keeping
    var weights: WeightBudget
    /// Units of LiT whose activations may stay from the first phase to the second while another is computed.
    var keptUnits: Int

    /// - Parameter memoryBytes: what the process may take; nil: what it likes.
    /// - Throws: when the stage does not fit however it is computed.
    init(plan: Plan, stage: StagePlan, table: BlockTable, threads: Int, memoryBytes: Int?) throws(TrainerError) {
        // bf16 products have two forms of each weight beside it, of half its size.
        let perWeight = plan.precision == .bf16 ? 8 : 4
        let memory = StageMemory(plan: plan, stage: stage, table: table, threads: threads)
        guard let memoryBytes else {
            keeps = .everything
            weights = WeightBudget(byteCountMax: .max, bytesPerWeight: perWeight)
            keptUnits = Self.keptBytesUnlimited / memory.keptUnitByteCount(.everything)
            return
        }
        let all = table.parameterCount * perWeight
        // Two blocks at least: the one in use and the next.
        let least = 2 * perWeight * (table.blocks.map(\.count).max() ?? 0)
        let free = memoryBytes - Self.processBytes - GradientPusher.bytesInFlightMax
        let choices: [(Keeping, Int)] = [(.everything, all), (.inputs, all), (.everything, least), (.inputs, least)]
        for (keeps, weightBytes) in choices where memory.byteCount(keeps) + weightBytes <= free {
            let rest = free - memory.byteCount(keeps)
            self.keeps = keeps
            weights = WeightBudget(byteCountMax: max(rest, weightBytes), bytesPerWeight: perWeight)
            keptUnits = weightBytes == all ? (rest - all) / memory.keptUnitByteCount(keeps) : 0
            if weightBytes == all { weights.byteCountMax = all }
            return
        }
        let needed = memory.byteCount(.inputs) + least + memoryBytes - free
        throw .tooLittleMemory(stage: stage.name, memory: memoryBytes, needed: needed, unit: stage.unit)
    }

    /// For the log.
    func description(for table: BlockTable) -> String {
        let backward = keeps == .everything ? "keeps activations" : "computes blocks again to go backward"
        let all = ByteSize(bytes: table.parameterCount * weights.bytesPerWeight)
        if weights.holds(table) { return "\(backward), keeps all weights (\(all))" }
        return "\(backward), holds \(ByteSize(bytes: weights.byteCountMax)) of \(all) of weights at a time"
    }
}
