import MawsBase
import MawsPlan

/// What a parameter server takes.
struct ServerForecast {
    /// Code, connections and the database: of a process without any tensor.
    private static let processBytes = 30 << 20
    static let coordinatorBytes = 50 << 20

    let stateBytes: Int
    let residentBytes: Int

    /// - Throws: `TooLittleServerMemory` when the largest block cannot pass through.
    init(
        plan: Plan, stage: StagePlan, table: BlockTable, cost: StageCost, _ machine: ForecastMachine
    ) throws(TooLittleServerMemory) {
        let servers = plan.cluster.servers
        stateBytes = cost.stateBytes / servers
        // Sums of 1, 2, 4 … units wait for their neighbours, and each trainer has one unit on its way.
        let units = stage.kind.trains ? stage.unitsPerStep : 1
        let waiting = min(units, machine.trainers + (Int.bitWidth - units.leadingZeroBitCount))
        let gradients = units > 1 ? waiting * 4 * cost.trainable / servers : 0
        residentBytes = min(Self.processBytes + stateBytes + gradients, plan.cluster.serverMemoryBytes ?? .max)
        // Of the largest block: two gradients that are added, and its state while it is updated.
        let slice = 4 * (table.blocks.map(\.count).max() ?? 0) / servers
        let least = Self.processBytes + 4 * slice
        if let limit = plan.cluster.serverMemoryBytes, limit < least {
            throw TooLittleServerMemory(stage: stage.name, memoryBytes: limit, neededBytes: least, servers: servers)
        }
    }
}

/// A server's memory does not hold what it works on at a time.
public struct TooLittleServerMemory: Error, Hashable, CustomStringConvertible {
    public var stage: String
    public var memoryBytes: Int
    public var neededBytes: Int
    public var servers: Int

    public var description: String {
        "stage \(stage) does not fit a `server_memory` of \(ByteSize(bytes: memoryBytes)): the largest block's slice "
            + "needs \(neededBytes) bytes on each of \(servers) servers; set `cluster.server_memory` to "
            + "\(ByteSize(bytes: neededBytes)), or more `cluster.servers`"
    }
}
