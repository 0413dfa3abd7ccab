import MawsBase
import MawsProtocol

/// What a trainer is started with.
package struct TrainerOptions: Sendable {
    package var coordinator: NetworkAddress
    /// Folder with `ca.pem`, `trainer.pem` and `trainer.key`.
    package var certificates: String
    package var compute: ComputeKind
    /// Compute threads.
    package var threads: Int
    /// What the process may take; nil: what its units like.
    package var memoryBytes: Int?
    package var cache = CacheOptions()
    /// Unique among the living processes of a run.
    package var name: String
    /// Folder that the plan's relative data paths are looked up in.
    package var dataRoot: String
    /// A child of a local coordinator ends with it.
    package var exitsWithCoordinator: Bool
    /// Seconds to look for a coordinator that is away.
    package var reconnectSeconds: Double
    package var shardTimeouts: ShardTimeouts

    package init(
        coordinator: NetworkAddress, certificates: String, compute: ComputeKind, threads: Int,
        memoryBytes: Int? = nil, name: String,
        dataRoot: String = ".", exitsWithCoordinator: Bool = false, reconnectSeconds: Double = 300,
        shardTimeouts: ShardTimeouts = ShardTimeouts()
    ) {
        self.coordinator = coordinator
        self.certificates = certificates
        self.compute = compute
        self.threads = threads
        self.memoryBytes = memoryBytes
        self.name = name
        self.dataRoot = dataRoot
        self.exitsWithCoordinator = exitsWithCoordinator
        self.reconnectSeconds = reconnectSeconds
        self.shardTimeouts = shardTimeouts
    }
}

/// How long a trainer waits for a shard before it gives its unit back.
package struct ShardTimeouts: Hashable, Sendable {
    package var connectSeconds: Double
    /// From a request, or from the answer before, to an answer; longer than a shard lets a gather wait for a version.
    package var answerSeconds: Double

    package init(connectSeconds: Double = 5, answerSeconds: Double = 45) {
        self.connectSeconds = connectSeconds
        self.answerSeconds = answerSeconds
    }

    var settings: ExchangeSettings {
        ExchangeSettings(connectSeconds: connectSeconds, answerSeconds: answerSeconds)
    }
}
