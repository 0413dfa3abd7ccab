import MawsBase
import MawsModel
import MawsPlan
import MawsTraining

/// What a stage will take, foreseen before anything starts.
public struct StageForecast: Codable, Hashable, Sendable {
    public var stage: String
    /// Resident bytes of each trainer, server and of the coordinator.
    public var trainerBytes: Int
    public var serverBytes: Int
    public var coordinatorBytes: Int
    /// How trainers fit their memory, in words.
    public var trainerWay: String
    /// Bytes of each server's state file.
    public var stateBytes: Int
    /// Bytes on disk while the stage runs: all state files and the checkpoints that are kept.
    public var diskBytes: Int
    public var operationsPerImage: Double
    /// Bytes that all trainers together push and gather in a step, as plain fp32.
    public var pushedBytesPerStep: Int
    public var gatheredBytesPerStep: Int
    /// Of a step, or of a whole evaluation.
    public var seconds: Double

    /// - Parameters:
    ///   - images: of a step, or of the whole evaluation.
    /// - Throws: `TooLittleMemory`, or `TooLittleServerMemory`.
    public init(plan: Plan, stage: StagePlan, images: Int, machine: ForecastMachine) throws {
        let table = StageModel.table(stage, in: plan)
        let cost = StageCost(
            plan: plan, stage: stage, parameters: table.parameterCount, trainable: table.trainableCount)
        let choice = try MemoryChoice(
            plan: plan, stage: stage, compute: machine.compute, threads: machine.threads,
            memoryBytes: plan.cluster.memoryBytes)
        let server = try ServerForecast(plan: plan, stage: stage, table: table, cost: cost, machine)
        let traffic = Traffic(plan: plan, stage: stage, cost: cost, machine)
        self.stage = stage.name
        (trainerBytes, trainerWay) = (choice.byteCount, choice.description)
        (serverBytes, stateBytes) = (server.residentBytes, server.stateBytes)
        coordinatorBytes = ServerForecast.coordinatorBytes
        let checkpoint = cost.stateBytes - 4 * table.trainableCount
        diskBytes = cost.stateBytes + checkpoint * (stage.kind.trains ? plan.checkpoint.keep + 2 : 1)
        operationsPerImage = cost.operationsPerSample
        (pushedBytesPerStep, gatheredBytesPerStep) = (traffic.pushed, traffic.gathered)
        let size = plan.model.image.size
        seconds =
            StepTime.compute(cost, images: images, machine) + StepTime.decoding(images: images, pixels: size * size)
            + StepTime.update(stage, cost) + StepTime.network(traffic.pushed + traffic.gathered)
    }
}

/// Bytes on the wire in a step.
private struct Traffic {
    let pushed: Int
    let gathered: Int

    /// A trainer gathers what is trained once a version, or, where its memory does not hold all blocks, more often,
    /// which is not foreseen. LiT's units also post their rows, and every trainer collects all of them.
    init(plan: Plan, stage: StagePlan, cost: StageCost, _ machine: ForecastMachine) {
        let readers = min(machine.trainers, stage.unitsPerStep)
        guard stage.kind.trains else {
            (pushed, gathered) = (0, 0)
            return
        }
        let rows = stage.kind == .lit ? 8 * stage.batch * (plan.model.text?.embedding ?? 0) : 0
        pushed = Self.pushBytes(plan, stage, cost) + rows
        gathered = readers * (cost.gatherBytesPerStep + rows)
    }

    /// Of a word table only the rows of a unit's words travel.
    private static func pushBytes(_ plan: Plan, _ stage: StagePlan, _ cost: StageCost) -> Int {
        guard stage.kind == .lit, let text = plan.model.text else { return cost.pushBytesPerStep }
        let table = 4 * text.vocabulary * text.width
        let words = min(table, 4 * stage.unit * text.context * text.width)
        return cost.pushBytesPerStep - stage.unitsPerStep * (table - words)
    }
}

/// The time of a step: what the trainers compute, then what nothing else hides.
enum StepTime {
    /// Seconds · threads · width for an operation: what norms, activations, softmax and copies add to the products of a
    /// block of that width. It falls with the width because products grow with its square. From `maws-bench steps` for
    /// ViT-B/16, fp32 and bf16, on AVX-512.
    private static let elementwise = 1.2e-9
    /// A pixel's part of decoding, cropping and resizing, in seconds.
    private static let pixelSeconds = 30e-9
    /// Bytes a second that TLS carries on loopback, both ends on the cores that compute.
    private static let wireRate = 2e9
    /// Bytes a second of memory that a server's sums and updates stream through.
    private static let memoryRate = 8e9

    static func compute(_ cost: StageCost, images: Int, _ machine: ForecastMachine) -> Double {
        guard machine.productRate > 0 else { return 0 }
        let threads = Double(machine.threads * machine.trainers)
        let perImage = cost.parts.reduce(0) { seconds, part in
            seconds + part.operations * (1 / machine.productRate + elementwise / (threads * Double(part.width)))
        }
        return Double(images) * perImage
    }

    static func decoding(images: Int, pixels: Int) -> Double { Double(images * pixels) * pixelSeconds }

    /// A unit's gradient is read and added (12 bytes an element), and AdamW reads and writes 28.
    static func update(_ stage: StagePlan, _ cost: StageCost) -> Double {
        guard stage.kind.trains else { return 0 }
        return Double(cost.trainable * (12 * (stage.unitsPerStep - 1) + 32)) / memoryRate
    }

    static func network(_ bytes: Int) -> Double { Double(bytes) / wireRate }
}
