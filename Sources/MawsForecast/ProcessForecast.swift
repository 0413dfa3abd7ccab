import MawsBase
import MawsPlan
import MawsTraining

/// What trainers and the coordinator take: what this process takes that has the same data open and the same libraries
/// at work, their connections, and their tensors.
struct ProcessForecast {
    /// A connection with its thread: records in both directions, and what the allocator keeps for the thread, which was
    /// 0.4 to 2.8 MB of a thread in the processes of the quickstart.
    private static let connectionBytes = 2 << 20

    let plan: Plan
    let stage: StagePlan
    let table: BlockTable
    let machine: ForecastMachine

    init(plan: Plan, stage: StagePlan, table: BlockTable, _ machine: ForecastMachine) {
        (self.plan, self.stage, self.table, self.machine) = (plan, stage, table, machine)
    }

    /// A trainer has two connections to each server. The memory that it is given is a limit, which it does not reach
    /// where its process takes less than is set aside for it.
    func trainerBytes(_ choice: MemoryChoice) -> Int {
        let process = machine.processBytes + (1 + 2 * plan.cluster.servers) * Self.connectionBytes
        return choice.byteCount - MemoryChoice.processBytes + min(process, MemoryChoice.processBytes)
    }

    /// Checkpoints pass through the coordinator block by block, one that it makes or the slices that all servers send
    /// at once; the allocator keeps that memory. The report at the end of the run may show what a stage makes of some
    /// images.
    func coordinatorBytes() throws -> Int {
        let block = 4 * (table.blocks.map(\.count).max() ?? 0)
        let connections = plan.cluster.servers + machine.trainers
        let report = try StageDefinitions.of(stage, in: plan).reportBytes()
        return machine.processBytes + connections * Self.connectionBytes + 2 * block + report
    }
}
