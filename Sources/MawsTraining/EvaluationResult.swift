/// `results/<stage>.json`: the outcome of an evaluation stage.
public struct EvaluationResult: Codable, Hashable, Sendable {
    public struct Sample: Codable, Hashable, Sendable {
        /// Index in the split.
        public var sample: Int
        /// Clean class, -1 where it is unknown, and the class predicted.
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

    /// Samples that have a class: those that are scored.
    public var scoredCount: Int { samples.count { $0.truth >= 0 } }

    /// Samples without a class, of which nobody knows whether their prediction is right.
    public var unlabelledCount: Int { samples.count - scoredCount }

    /// Scored samples whose prediction is their class.
    public var rightCount: Int { samples.count { $0.truth >= 0 && $0.truth == $0.prediction } }

    /// Share of the scored samples whose prediction is their class, 0...1; 0 where none is scored.
    public var accuracy: Double { scoredCount == 0 ? 0 : Double(rightCount) / Double(scoredCount) }
}
