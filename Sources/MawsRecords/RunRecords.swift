/// One line of `metrics.jsonl`: one committed step.
package struct StepMetrics: Codable, Hashable, Sendable {
    package var stage: String
    package var step: Int
    package var loss: Double
    package var learningRate: Double
    package var gradientNorm: Double
    package var images: Int
    /// Wall time of the step.
    package var seconds: Double
    package var bytesPushed: Int
    package var bytesGathered: Int
    /// True for a step whose gradient was not finite and not applied; left out otherwise.
    package var skipped: Bool?
    /// See `MFU`.
    package var mfu: Double?

    package init(
        stage: String, step: Int, loss: Double, learningRate: Double, gradientNorm: Double, images: Int,
        seconds: Double, bytesPushed: Int, bytesGathered: Int, skipped: Bool? = nil, mfu: Double? = nil
    ) {
        self.mfu = mfu
        self.skipped = skipped
        self.stage = stage
        self.step = step
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.images = images
        self.seconds = seconds
        self.bytesPushed = bytesPushed
        self.bytesGathered = bytesGathered
    }
}

/// One line of `starts.jsonl`: one start of the run's coordinator.
package struct RunStart: Codable, Hashable, Sendable {
    /// Universal time, ISO 8601.
    package var at: String
    package var version: String
    /// Which build of the version; see `ProgramVersion`.
    package var build: String
    package var host: String
    package var term: UInt64
    /// Absolute path of the folder that the plan's data paths are relative to.
    package var dataRoot: String

    package init(at: String, version: String, build: String, host: String, term: UInt64, dataRoot: String) {
        (self.at, self.version, self.build, self.host) = (at, version, build, host)
        (self.term, self.dataRoot) = (term, dataRoot)
    }
}

/// One line of `skipped.jsonl`: a sample that a stage skips, by its shard, member, offset and the reason.
package struct SkippedSampleRecord: Codable, Hashable, Sendable {
    package var stage: String
    package var sample: String

    package init(stage: String, sample: String) {
        self.stage = stage
        self.sample = sample
    }
}

/// One line of `machines.jsonl`: a server or trainer that joined the run.
package struct MachineRecord: Codable, Hashable, Sendable {
    package var name: String
    /// `server` or `trainer`.
    package var role: String
    package var address: String
    /// What a trainer multiplies with, and its FLOP/s of one large product.
    package var compute: String?
    package var productRate: Double?

    package init(name: String, role: String, address: String, compute: String? = nil, productRate: Double? = nil) {
        self.name = name
        self.role = role
        self.address = address
        self.compute = compute
        self.productRate = productRate
    }
}

/// One line of `stages.jsonl`: one finished stage.
package struct StageSummary: Codable, Hashable, Sendable {
    package var stage: String
    package var kind: String
    package var steps: Int
    package var seconds: Double
    package var images: Int
    /// Loss of the last step; nil for evaluations.
    package var loss: Double?
    package var bytesPushed: Int
    package var bytesGathered: Int
    /// Top-1 in 0...1, for evaluations.
    package var accuracy: Double?
    /// SHA-256 of the final weights, hexadecimal, for training stages.
    package var weightsHash: String?
    /// Mean over all steps whose trainers said their rate, for training stages; see `MFU`.
    package var mfu: Double?
    /// Samples of an evaluation that have no class and are not scored; nil where there are none.
    package var unlabelled: Int?
    /// SHA-256 of the files that an evaluation left in `results/`, hexadecimal, by name; nil for training stages and in
    /// runs of earlier versions.
    package var resultHashes: [String: String]?

    package init(
        stage: String, kind: String, steps: Int, seconds: Double, images: Int, loss: Double?, bytesPushed: Int,
        bytesGathered: Int, accuracy: Double?, weightsHash: String?, mfu: Double? = nil, unlabelled: Int? = nil,
        resultHashes: [String: String]? = nil
    ) {
        self.resultHashes = resultHashes
        self.unlabelled = unlabelled
        self.mfu = mfu
        self.stage = stage
        self.kind = kind
        self.steps = steps
        self.seconds = seconds
        self.images = images
        self.loss = loss
        self.bytesPushed = bytesPushed
        self.bytesGathered = bytesGathered
        self.accuracy = accuracy
        self.weightsHash = weightsHash
    }
}

extension MachineRecord {
    /// The address without its port, which changes with every connection.
    var host: String { address.lastIndex(of: ":").map { String(address[..<$0]) } ?? address }
}
