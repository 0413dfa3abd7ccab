/// One line of `metrics.jsonl`: one committed step.
public struct StepMetrics: Codable, Hashable, Sendable {
    public var stage: String
    public var step: Int
    public var loss: Double
    public var learningRate: Double
    public var gradientNorm: Double
    public var images: Int
    /// Wall time of the step.
    public var seconds: Double
    public var bytesPushed: Int
    public var bytesGathered: Int

    public init(
        stage: String, step: Int, loss: Double, learningRate: Double, gradientNorm: Double, images: Int,
        seconds: Double, bytesPushed: Int, bytesGathered: Int
    ) {
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

/// One line of `stages.jsonl`: one finished stage.
public struct StageSummary: Codable, Hashable, Sendable {
    public var stage: String
    public var kind: String
    public var steps: Int
    public var seconds: Double
    public var images: Int
    /// Loss of the last step; nil for evaluations.
    public var loss: Double?
    public var bytesPushed: Int
    public var bytesGathered: Int
    /// Top-1 in 0...1, for evaluations.
    public var accuracy: Double?
    /// SHA-256 of the final weights, hexadecimal, for training stages.
    public var weightsHash: String?

    public init(
        stage: String, kind: String, steps: Int, seconds: Double, images: Int, loss: Double?, bytesPushed: Int,
        bytesGathered: Int, accuracy: Double?, weightsHash: String?
    ) {
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

/// `results/<stage>.json`: the outcome of an evaluation stage.
public struct EvaluationResult: Codable, Hashable, Sendable {
    public struct Sample: Codable, Hashable, Sendable {
        /// Index in the split.
        public var sample: Int
        /// Clean class, and the class predicted.
        public var truth: Int
        public var prediction: Int
        /// Score of the prediction, and of the truth (cosine similarity for zeroshot, probability for linear).
        public var score: Float
        public var truthScore: Float

        public init(sample: Int, truth: Int, prediction: Int, score: Float, truthScore: Float) {
            self.sample = sample
            self.truth = truth
            self.prediction = prediction
            self.score = score
            self.truthScore = truthScore
        }
    }

    public var stage: String
    public var split: String
    public var classNames: [String]
    /// Ascending by sample.
    public var samples: [Sample]

    public init(stage: String, split: String, classNames: [String], samples: [Sample]) {
        self.stage = stage
        self.split = split
        self.classNames = classNames
        self.samples = samples
    }

    /// Share of samples whose prediction is their class, 0...1.
    public var accuracy: Double {
        samples.isEmpty ? 0 : Double(samples.count { $0.truth == $0.prediction }) / Double(samples.count)
    }
}
