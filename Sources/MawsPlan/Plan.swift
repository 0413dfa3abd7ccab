import MawsBase

/// A checked plan with every default and preset filled in: what `plan.yaml` in the run folder holds and what every
/// process of the run receives.
public struct Plan: Codable, Hashable, Sendable {
    /// Folder of the run, relative to the working directory.
    public var run: String
    public var seed: UInt64
    public var cluster: ClusterPlan
    /// In the order of the file.
    public var data: [DataSplitPlan]
    public var model: ModelPlan
    public var precision: Precision
    public var stages: [StagePlan]
    public var checkpoint: CheckpointPlan
    public var wire: WirePlan
    /// Who may read what the run leaves; nil: its owner alone.
    public var access: RunAccess?
    /// Whether all trainers must compute the same bits; without it any compute profile may join.
    public var bitIdentity: Bool
    /// Where in the file all this stands.
    public var places = PlanPlaces()

    private enum CodingKeys: CodingKey {
        case run, seed, cluster, data, model, precision, stages, checkpoint, wire, access, bitIdentity
    }

    public init(
        run: String, seed: UInt64, cluster: ClusterPlan, data: [DataSplitPlan], model: ModelPlan,
        precision: Precision, stages: [StagePlan], checkpoint: CheckpointPlan, wire: WirePlan,
        bitIdentity: Bool = true
    ) {
        self.run = run
        self.seed = seed
        self.cluster = cluster
        self.data = data
        self.model = model
        self.precision = precision
        self.stages = stages
        self.checkpoint = checkpoint
        self.wire = wire
        self.bitIdentity = bitIdentity
    }

    public func split(_ name: String) -> DataSplitPlan? { data.first { $0.name == name } }
    public func stage(_ name: String) -> StagePlan? { stages.first { $0.name == name } }
}

public struct ClusterPlan: Codable, Hashable, Sendable {
    /// Whether `maws-coord start` starts the servers and trainers itself, as child processes on loopback.
    public var isLocal: Bool
    public var servers: Int
    /// Trainers started locally. With a remote cluster any number may come and go.
    public var trainers: Int
    /// Compute threads of each local trainer.
    public var threads: Int
    /// Address the coordinator listens on, `127.0.0.1:0` (any free port) by default when local.
    public var listen: String
    /// Seconds without a heartbeat after which a process counts as gone.
    public var heartbeatTimeoutSeconds: Double
    /// Seconds a trainer may hold one unit before others get copies of it.
    public var leaseSeconds: Double
    /// What the local trainers compute with; nil: the fastest that their CPU has.
    public var compute: ComputeKind?
    /// Memory that each local trainer may take, in bytes; nil: what it likes.
    public var memoryBytes: Int?
    /// Memory that each local server may have resident, in bytes; nil: what the system lets it have.
    public var serverMemoryBytes: Int?

    public init(
        isLocal: Bool, servers: Int, trainers: Int, threads: Int, listen: String, heartbeatTimeoutSeconds: Double,
        leaseSeconds: Double, compute: ComputeKind? = nil, memoryBytes: Int? = nil,
        serverMemoryBytes: Int? = nil
    ) {
        self.isLocal = isLocal
        self.servers = servers
        self.trainers = trainers
        self.threads = threads
        self.listen = listen
        self.heartbeatTimeoutSeconds = heartbeatTimeoutSeconds
        self.leaseSeconds = leaseSeconds
        self.compute = compute
        self.memoryBytes = memoryBytes
        self.serverMemoryBytes = serverMemoryBytes
    }
}

public struct DataSplitPlan: Codable, Hashable, Sendable {
    public var name: String
    /// What is read, in order: WebDataset tar files as paths, `http(s)://` addresses or `pipe:` commands, brace
    /// patterns expanded; or one `folder:` of images, or one `list:` of them.
    public var shards: [String]
    /// File with one label a line, `tag<TAB>count` and what `maws data labels` adds; its line number is the label. Nil
    /// where no stage needs labels.
    public var vocabulary: String?
    /// Labels of the vocabulary with fewer samples are left out; 0: none are.
    public var labelCountMin = 0
    /// How training stages repeat the samples of rare labels; nil: they read every sample once an epoch.
    public var resample: ResamplePlan?
    /// List of samples that no stage reads, as `maws data dedupe` writes it; nil: all are read.
    public var exclude: String?
    /// SentencePiece model for the captions. Nil where no stage needs captions.
    public var tokenizer: String?
    /// Highest share of samples that may be unreadable before the run stops, 0...1.
    public var skipLimit: Double
    /// Width × height above which an image is refused before it is decoded.
    public var pixelCountMax: Int
    /// Shards of a group: training goes through the groups in a random order, and through each in a random order of its
    /// samples. With all shards in one group the order is free; smaller groups keep reading local to few shards.
    public var shuffleShards: Int

    public static let defaultPixelCountMax = 100_000_000

    public init(
        name: String, shards: [String], vocabulary: String?, tokenizer: String?, skipLimit: Double,
        pixelCountMax: Int = defaultPixelCountMax, shuffleShards: Int = .max
    ) {
        self.name = name
        self.shards = shards
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer
        self.skipLimit = skipLimit
        self.pixelCountMax = pixelCountMax
        self.shuffleShards = shuffleShards
    }

    /// Whether a shard lies on another machine.
    public static func isRemote(_ shard: String) -> Bool {
        ["http://", "https://", "pipe:"].contains { shard.hasPrefix($0) }
    }
}

/// Square-root inverse frequency resampling (Mahajan et al., ECCV 2018, section 2.2).
public struct ResamplePlan: Codable, Hashable, Sendable {
    /// Samples of an epoch, repetitions counted; at least those of the split.
    public var samples: Int

    public init(samples: Int) { self.samples = samples }
}

/// What the operands of the trainers' matrix products are; sums and weights are fp32 with either.
public enum Precision: String, Codable, Hashable, CaseIterable, Sendable {
    case fp32
    case bf16
}

public struct ModelPlan: Codable, Hashable, Sendable {
    public var image: ImageModelPlan
    /// Present when a stage trains or uses a text tower.
    public var text: TextModelPlan?

    public init(image: ImageModelPlan, text: TextModelPlan?) {
        self.image = image
        self.text = text
    }
}

/// A Vision Transformer: pre-norm blocks, GELU, a class token, learned or sine-cosine positions (timm's `vit_*`).
public struct ImageModelPlan: Codable, Hashable, Sendable {
    /// Preset it came from, `vit_b16` for instance; nil for a free size.
    public var preset: String?
    public var patch: Int
    public var size: Int
    public var channels: Int
    public var width: Int
    public var depth: Int
    public var heads: Int
    public var mlp: Int
    /// Mean and standard deviation of the pixels in 0...1, one a channel.
    public var mean: [Float]
    public var deviation: [Float]

    public init(
        preset: String?, patch: Int, size: Int, channels: Int, width: Int, depth: Int, heads: Int, mlp: Int,
        mean: [Float], deviation: [Float]
    ) {
        self.preset = preset
        self.patch = patch
        self.size = size
        self.channels = channels
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlp = mlp
        self.mean = mean
        self.deviation = deviation
    }

    /// Pixels of a side that a plan may ask for.
    static let sizeMax = 1 << 14

    public var gridSide: Int { size / patch }
    public var patchCount: Int { gridSide * gridSide }
    /// Values in one patch: patch × patch × channels.
    public var patchLength: Int { patch * patch * channels }
}

/// An XLM-R-type text tower (RoBERTa: post-norm, learned positions, GELU) and the width both towers are projected to.
public struct TextModelPlan: Codable, Hashable, Sendable {
    public var preset: String?
    public var vocabulary: Int
    public var context: Int
    public var width: Int
    public var depth: Int
    public var heads: Int
    public var mlp: Int
    /// Width of the shared space of the two projections.
    public var embedding: Int

    public init(
        preset: String?, vocabulary: Int, context: Int, width: Int, depth: Int, heads: Int, mlp: Int, embedding: Int
    ) {
        self.preset = preset
        self.vocabulary = vocabulary
        self.context = context
        self.width = width
        self.depth = depth
        self.heads = heads
        self.mlp = mlp
        self.embedding = embedding
    }
}

public struct CheckpointPlan: Codable, Hashable, Sendable {
    /// Seconds between checkpoints inside a stage; every stage also begins and ends with one.
    public var everySeconds: Double
    /// Steps between checkpoints; nil: by time only.
    public var everySteps: Int?
    /// Finished checkpoints kept besides those that end a stage.
    public var keep: Int

    public init(everySeconds: Double, everySteps: Int?, keep: Int) {
        self.everySeconds = everySeconds
        self.everySteps = everySteps
        self.keep = keep
    }
}

/// How tensors travel.
public struct WirePlan: Codable, Hashable, Sendable {
    public enum Encoding: String, Codable, Hashable, CaseIterable, Sendable {
        /// Little-endian fp32 as it is.
        case fp32
        /// fp32 with its four byte planes compressed by zstd; lossless.
        case fp32Zstd = "fp32-zstd"
    }

    public var push: Encoding
    public var gather: Encoding

    public init(push: Encoding, gather: Encoding) {
        self.push = push
        self.gather = gather
    }
}
