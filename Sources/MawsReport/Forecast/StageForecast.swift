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

    /// Times some units of the stage; a second or two.
    /// - Parameters:
    ///   - images: of a step, or of the whole evaluation.
    /// - Throws: `TooLittleMemory`, or `TooLittleServerMemory`.
    public init(
        plan: Plan, stage: StagePlan, images: Int, sample: StageSample, machine: ForecastMachine
    ) throws {
        let table = StageModel.table(stage, in: plan)
        let cost = StageCost(
            plan: plan, stage: stage, parameters: table.parameterCount, trainable: table.trainableCount)
        let choice = try MemoryChoice(
            plan: plan, stage: stage, compute: machine.compute, threads: machine.threads,
            memoryBytes: plan.cluster.memoryBytes, trainers: machine.trainers)
        let timing = try UnitTiming(plan: plan, stage: stage, batch: sample.batch, choice: choice, machine: machine)
        let pushes = PushForecast(stage, choice, trainers: machine.trainers, unitSeconds: timing.other)
        let server = try ServerForecast(plan: plan, stage: stage, table: table, cost: cost, pushes, machine)
        let traffic = Traffic(plan: plan, stage: stage, cost: cost, pushes, machine)
        let process = ProcessForecast(plan: plan, stage: stage, table: table, machine)
        self.stage = stage.name
        (trainerBytes, trainerWay) = (process.trainerBytes(choice) + pushes.sumBytes, choice.description)
        (serverBytes, stateBytes) = (server.residentBytes, server.stateBytes)
        coordinatorBytes = try process.coordinatorBytes()
        let checkpoint = cost.stateBytes - 4 * table.trainableCount
        diskBytes =
            stateBytes * plan.cluster.servers + checkpoint * (stage.kind.trains ? plan.checkpoint.keep + 2 : 1)
        operationsPerImage = cost.operationsPerSample
        (pushedBytesPerStep, gatheredBytesPerStep) = (traffic.pushed, traffic.gathered)
        let beside =
            machine.seconds(reading: images, secondsPerImage: sample.secondsPerImage)
            + machine.seconds(updating: stage, cost) + machine.seconds(onWire: traffic.pushed + traffic.gathered)
        seconds =
            timing.seconds(images: images, stage, machine) + beside
            + timing.waitingSeconds(beside: beside, stage, machine)
            + (stage.kind.trains ? machine.commitSeconds : 0)
    }
}

/// Bytes on the wire in a step.
private struct Traffic {
    let pushed: Int
    let gathered: Int

    /// A trainer gathers what is trained once a version, or, where its memory does not hold all blocks, more often,
    /// which is not foreseen. LiT's units also post their rows, and every trainer collects all of them.
    init(plan: Plan, stage: StagePlan, cost: StageCost, _ pushes: PushForecast, _ machine: ForecastMachine) {
        let readers = min(machine.trainers, stage.unitsPerStep)
        guard stage.kind.trains else {
            (pushed, gathered) = (0, 0)
            return
        }
        let rows = stage.kind == .lit ? 8 * stage.batch * (plan.model.text?.embedding ?? 0) : 0
        pushed = pushes.units.reduce(0) { $0 + cost.pushBytes(units: $1) } + rows
        gathered = readers * (cost.gatherBytesPerStep + rows)
    }
}
