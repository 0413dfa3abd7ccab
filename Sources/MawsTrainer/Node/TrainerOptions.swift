import MawsBase

/// What a trainer is started with.
public struct TrainerOptions: Sendable {
    public var coordinator: NetworkAddress
    /// Folder with `ca.pem`, `trainer.pem` and `trainer.key`.
    public var certificates: String
    public var compute: ComputeKind
    /// Compute threads.
    public var threads: Int
    /// What the process may take; nil: what its units like.
    public var memoryBytes: Int?
    public var cache = CacheOptions()
    /// Unique among the living processes of a run.
    public var name: String
    /// Folder that the plan's relative data paths are looked up in.
    public var dataRoot: String
    /// A child of a local coordinator ends with it.
    public var exitsWithCoordinator: Bool
    /// Seconds to look for a coordinator that is away.
    public var reconnectSeconds: Double
    public var shardTimeouts: ShardTimeouts

    public init(
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
public struct ShardTimeouts: Hashable, Sendable {
    public var connectSeconds: Double
    /// From a request, or from the answer before, to an answer; longer than a shard lets a gather wait for a version.
    public var answerSeconds: Double

    public init(connectSeconds: Double = 5, answerSeconds: Double = 45) {
        self.connectSeconds = connectSeconds
        self.answerSeconds = answerSeconds
    }
}
