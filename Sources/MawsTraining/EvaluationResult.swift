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
