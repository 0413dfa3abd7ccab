import MawsBase
import MawsOptimizer
import MawsPlan
import MawsState

/// What a parameter server takes.
struct ServerForecast {
    /// Code, connections and buffers of a process that has no tensor yet, as it was measured.
    private static let processBytes = 30 << 20

    let stateBytes: Int
    let residentBytes: Int

    /// - Throws: `TooLittleServerMemory` when the largest block cannot pass through.
    init(
        plan: Plan, stage: StagePlan, table: BlockTable, cost: StageCost, _ pushes: PushForecast,
        _ machine: ForecastMachine
    ) throws(TooLittleServerMemory) {
        let servers = plan.cluster.servers
        let shape = StateLayout(
            table, shard: ShardIdentity(index: 0, count: servers), laneCount: UpdateThreads.lanesMax
        ).shape
        stateBytes = shape.size
        // The journal's places for threads that the server does not have stay on the disk.
        let mapped = stateBytes - max(0, shape.laneCount - machine.cores) * shape.laneBytes
        // A sum of 2, of 4 … gradients waits for its neighbour. Two on their way are added block by block: one waits,
        // where it is ahead of the other.
        let count = max(1, pushes.units.count)
        let sums = Int.bitWidth - (count - 1).leadingZeroBitCount - 1
        let waiting = min(count, sums + max(1, machine.trainers / 2))
        let gradients = count > 1 ? waiting * 4 * cost.trainable / servers : 0
        residentBytes = min(Self.processBytes + mapped + gradients, plan.cluster.serverMemoryBytes ?? .max)
        try Self.check(plan: plan, stage: stage, table: table)
    }

    /// - Throws: `TooLittleServerMemory` when the largest block cannot pass through.
    static func check(plan: Plan, stage: StagePlan, table: BlockTable) throws(TooLittleServerMemory) {
        let servers = plan.cluster.servers
        // The largest block needs two gradients that are added, and its state while it is updated.
        let slice = 4 * (table.blocks.map(\.count).max() ?? 0) / servers
        let least = processBytes + 4 * slice
        if let limit = plan.cluster.serverMemoryBytes, limit < least {
            throw TooLittleServerMemory(stage: stage.name, memoryBytes: limit, neededBytes: least, servers: servers)
        }
    }
}

/// A server's memory does not hold what it works on at a time.
package struct TooLittleServerMemory: Error, Hashable, CustomStringConvertible {
    package var stage: String
    package var memoryBytes: Int
    package var neededBytes: Int
    package var servers: Int

    package var description: String {
        "stage \(stage) does not fit a `server_memory` of \(ByteSize(bytes: memoryBytes)): the largest block's slice "
            + "needs \(neededBytes) bytes on each of \(servers) servers; set `cluster.server_memory` to "
            + "\(ByteSize(bytes: neededBytes)), or more `cluster.servers`"
    }
}
