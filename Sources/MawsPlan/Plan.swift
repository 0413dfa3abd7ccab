import MawsBase

/// A checked plan with every default and preset filled in: what `plan.yaml` in the run folder holds and what every
/// process of the run receives.
package struct Plan: Codable, Hashable, Sendable {
    /// Folder of the run, relative to the working directory.
    package var run: String
    package var seed: UInt64
    package var cluster: ClusterPlan
    /// In the order of the file.
    package var data: [DataSplitPlan]
    package var model: ModelPlan
    package var precision: Precision
    package var stages: [StagePlan]
    package var checkpoint: CheckpointPlan
    package var wire: WirePlan
    /// Who may read what the run leaves; nil: its owner alone.
    package var access: RunAccess?
    /// Whether all trainers must compute the same bits; without it any compute profile may join.
    package var bitIdentity: Bool
    /// What all trainers compute with, unless `bitIdentity` is off; nil: as the CPU that starts the run would.
    package var computeProfile: String?
    /// Where in the file all this stands.
    package var places = PlanPlaces()

    private enum CodingKeys: CodingKey {
        case run, seed, cluster, data, model, precision, stages, checkpoint, wire, access, bitIdentity, computeProfile
    }

    package init(
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

    package func split(_ name: String) -> DataSplitPlan? { data.first { $0.name == name } }
    package func stage(_ name: String) -> StagePlan? { stages.first { $0.name == name } }
}

package struct ClusterPlan: Codable, Hashable, Sendable {
    /// Whether `maws-coord start` starts the servers and trainers itself, as child processes on loopback.
    package var isLocal: Bool
    package var servers: Int
    /// Trainers started locally. With a remote cluster any number may come and go.
    package var trainers: Int
    /// Compute threads of each local trainer.
    package var threads: Int
    /// Address the coordinator listens on, `127.0.0.1:0` (any free port) by default when local.
    package var listen: String
    /// Seconds without a heartbeat after which a process counts as gone.
    package var heartbeatTimeoutSeconds: Double
    /// Seconds a trainer may hold one unit before others get copies of it.
    package var leaseSeconds: Double
    /// What the local trainers compute with; nil: the fastest that their CPU has.
    package var compute: ComputeKind?
    /// Memory that each local trainer may take, in bytes; nil: what it likes.
    package var memoryBytes: Int?
    /// Memory that each local server may have resident, in bytes; nil: what the system lets it have.
    package var serverMemoryBytes: Int?

    package init(
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

package struct DataSplitPlan: Codable, Hashable, Sendable {
    package var name: String
    /// What is read, in order: WebDataset tar files as paths, `http(s)://` addresses or `pipe:` commands, brace
    /// patterns expanded; or one `folder:` of images, or one `list:` of them.
    package var shards: [String]
    /// File with one label a line, `tag<TAB>count` and what `maws data labels` adds; its line number is the label. Nil
    /// where no stage needs labels.
    package var vocabulary: String?
    /// Labels of the vocabulary with fewer samples are left out; 0: none are.
    package var labelCountMin = 0
    /// How training stages repeat the samples of rare labels; nil: they read every sample once an epoch.
    package var resample: ResamplePlan?
    /// List of samples that no stage reads, as `maws data dedupe` writes it; nil: all are read.
    package var exclude: String?
    /// SentencePiece model for the captions. Nil where no stage needs captions.
    package var tokenizer: String?
    /// Highest share of samples that may be unreadable before the run stops, 0...1.
    package var skipLimit: Double
    /// Width × height above which an image is refused before it is decoded.
    package var pixelCountMax: Int
    /// Shards of a group: training goes through the groups in a random order, and through each in a random order of its
    /// samples. With all shards in one group the order is free; smaller groups keep reading local to few shards.
    package var shuffleShards: Int

    package static let defaultPixelCountMax = 100_000_000

    package init(
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
    package static func isRemote(_ shard: String) -> Bool {
        ["http://", "https://", "pipe:"].contains { shard.hasPrefix($0) }
    }
}

/// Square-root inverse frequency resampling (Mahajan et al., ECCV 2018, section 2.2).
package struct ResamplePlan: Codable, Hashable, Sendable {
    /// Samples of an epoch, repetitions counted; at least those of the split.
    package var samples: Int

    package init(samples: Int) { self.samples = samples }
}

/// What the operands of the trainers' matrix products are; sums and weights are fp32 with either.
package enum Precision: String, Codable, Hashable, CaseIterable, Sendable {
    case fp32
    case bf16
}

package struct ModelPlan: Codable, Hashable, Sendable {
    package var image: ImageModelPlan
    /// Present when a stage trains or uses a text tower.
    package var text: TextModelPlan?

    package init(image: ImageModelPlan, text: TextModelPlan?) {
        self.image = image
        self.text = text
    }
}

/// A Vision Transformer: pre-norm blocks, GELU, a class token, learned or sine-cosine positions (timm's `vit_*`).
package struct ImageModelPlan: Codable, Hashable, Sendable {
    /// Preset it came from, `vit_b16` for instance; nil for a free size.
    package var preset: String?
    package var patch: Int
    package var size: Int
    package var channels: Int
    package var width: Int
    package var depth: Int
    package var heads: Int
    package var mlp: Int
    /// Mean and standard deviation of the pixels in 0...1, one a channel.
    package var mean: [Float]
    package var std: [Float]

    /// Stored plans, and their hashes, have the names that earlier versions gave the fields; so it is with all of them.
    private enum CodingKeys: String, CodingKey {
        case preset, patch, size, channels, width, depth, heads, mlp, mean
        case std = "deviation"
    }

    package init(
        preset: String?, patch: Int, size: Int, channels: Int, width: Int, depth: Int, heads: Int, mlp: Int,
        mean: [Float], std: [Float]
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
        self.std = std
    }

    /// Pixels of a side that a plan may ask for.
    static let sizeMax = 1 << 14

    package var gridSide: Int { size / patch }
    package var patchCount: Int { gridSide * gridSide }
    /// Values in one patch: patch × patch × channels.
    package var patchLength: Int { patch * patch * channels }
}

/// An XLM-R-type text tower (RoBERTa: post-norm, learned positions, GELU) and the width both towers are projected to.
package struct TextModelPlan: Codable, Hashable, Sendable {
    package var preset: String?
    package var vocabulary: Int
    package var context: Int
    package var width: Int
    package var depth: Int
    package var heads: Int
    package var mlp: Int
    /// Width of the shared space of the two projections.
    package var embedding: Int

    package init(
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

package struct CheckpointPlan: Codable, Hashable, Sendable {
    /// Seconds between checkpoints inside a stage; every stage also begins and ends with one.
    package var everySeconds: Double
    /// Steps between checkpoints; nil: by time only.
    package var everySteps: Int?
    /// Finished checkpoints kept besides those that end a stage.
    package var keep: Int

    package init(everySeconds: Double, everySteps: Int?, keep: Int) {
        self.everySeconds = everySeconds
        self.everySteps = everySteps
        self.keep = keep
    }
}

/// How tensors travel.
package struct WirePlan: Codable, Hashable, Sendable {
    package enum Encoding: String, Codable, Hashable, CaseIterable, Sendable {
        /// Little-endian fp32 as it is.
        case fp32
        /// fp32 with its four byte planes compressed by zstd; lossless.
        case fp32Zstd = "fp32-zstd"
    }

    package var push: Encoding
    package var gather: Encoding

    package init(push: Encoding, gather: Encoding) {
        self.push = push
        self.gather = gather
    }
}
