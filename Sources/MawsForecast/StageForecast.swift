import MawsBase
import MawsPlan
import MawsTraining

/// What a stage will take, foreseen before anything starts.
package struct StageForecast: Codable, Hashable, Sendable {
    package var stage: String
    /// Resident bytes of each trainer, server and of the coordinator.
    package var trainerBytes: Int
    package var serverBytes: Int
    package var coordinatorBytes: Int
    /// How trainers fit their memory, in words.
    package var trainerWay: String
    /// Bytes of each server's state file.
    package var stateBytes: Int
    /// Bytes on disk while the stage runs: all state files and the checkpoints that are kept.
    package var diskBytes: Int
    package var operationsPerImage: Double
    /// Bytes that all trainers together push and gather in a step, as plain fp32.
    package var pushedBytesPerStep: Int
    package var gatheredBytesPerStep: Int
    /// Bytes that all trainers together gather once, before the first step.
    package var gatheredBytesOnce: Int
    /// Steps of the stage; 0 of an evaluation.
    package var steps: Int
    /// Seconds of a step, or of a whole evaluation.
    package var seconds: Double
    /// What of `seconds` the network needs, where one was given.
    package var networkSeconds: Double?
    /// Whether units were timed; false where that would have taken too much memory, so that the time is that of the
    /// products alone.
    package var isTimed: Bool

    /// Times some units of the stage; a second or two.
    /// - Parameters:
    ///   - images: of a step, or of the whole evaluation.
    ///   - steps: of the stage; 0 of an evaluation.
    ///   - network: nil: one that is never waited for.
    /// - Throws: `TooLittleMemory`, or `TooLittleServerMemory`.
    package init(
        plan: Plan, stage: StagePlan, images: Int, steps: Int, sample: StageSample, machine: ForecastMachine,
        network: ForecastNetwork? = nil
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
        diskBytes = StageDisk(plan: plan, stage: stage).runningBytes
        (self.steps, isTimed) = (steps, timing.isTimed)
        gatheredBytesOnce = machine.trainers * (cost.gatherBytesOnce + (steps > 0 ? 0 : cost.gatherBytesPerStep))
        operationsPerImage = cost.operationsPerSample
        (pushedBytesPerStep, gatheredBytesPerStep) = (traffic.pushed, traffic.gathered)
        let beside =
            machine.seconds(reading: images, secondsPerImage: sample.secondsPerImage)
            + machine.seconds(updating: stage, cost) + machine.seconds(onWire: traffic.pushed + traffic.gathered)
        let computing =
            timing.seconds(images: images, stage, machine) + beside
            + timing.waitingSeconds(beside: beside, StageDefinitions.of(stage, in: plan), machine)
            + (stage.trains ? machine.commitSeconds : 0)
        let gathered = steps > 0 ? traffic.gathered : gatheredBytesOnce
        networkSeconds = network?.seconds(
            pushed: traffic.pushed, gathered: gathered, trainers: machine.trainers, servers: plan.cluster.servers)
        seconds = max(computing, networkSeconds ?? 0)
    }
}

/// Bytes on the wire in a step.
private struct Traffic {
    let pushed: Int
    let gathered: Int

    /// A trainer gathers what is trained once a version, or, where its memory does not hold all blocks, more often,
    /// which is not foreseen. Units may also share rows, and every trainer gathers all of them.
    init(plan: Plan, stage: StagePlan, cost: StageCost, _ pushes: PushForecast, _ machine: ForecastMachine) {
        let readers = min(machine.trainers, stage.unitsPerStep)
        guard stage.trains else {
            (pushed, gathered) = (0, 0)
            return
        }
        let rows = 4 * stage.batch * StageDefinitions.of(stage, in: plan).phases.postedFloatsPerSample
        pushed = pushes.units.reduce(0) { $0 + cost.pushBytes(units: $1) } + rows
        gathered = readers * (cost.gatherBytesPerStep + rows)
    }
}

extension StageForecast {
    /// A sentence where the processes of a local cluster take more together than this machine has free: they would
    /// push each other off into the swap, or be ended by the system.
    package func lackOfMemory(_ cluster: ClusterPlan, freeBytes: Int) -> String? {
        let bytes = cluster.trainers * trainerBytes + cluster.servers * serverBytes + coordinatorBytes
        guard cluster.isLocal, bytes > freeBytes else { return nil }
        let (needed, free) = (ByteSize(bytes: bytes), ByteSize(bytes: freeBytes))
        return "stage \(stage) takes \(needed) of memory, all processes together, and this machine has \(free) free: "
            + "set `cluster.memory` and `cluster.server_memory`, or use more machines"
    }
}
