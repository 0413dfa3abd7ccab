/// The outcome of an evaluation stage.
///
/// A run keeps it as `results/<stage>.json` and, a line a sample, `results/<stage>.predictions.jsonl`.
public struct EvaluationResult: Codable, Hashable, Sendable {
    public struct Sample: Codable, Hashable, Sendable {
        /// Index in the split.
        public var sample: Int
        /// The sample's key in its shard; nil where it was not looked up.
        public var key: String?
        /// Clean class, -1 where unknown.
        public var truth: Int
        /// The class predicted, -1 where the scores were not all finite.
        public var prediction: Int
        /// Score of the prediction, and of the truth (cosine similarity for zeroshot, probability for linear).
        public var score: Float
        public var truthScore: Float

        public init(sample: Int, key: String? = nil, truth: Int, prediction: Int, score: Float, truthScore: Float) {
            self.sample = sample
            self.key = key
            self.truth = truth
            self.prediction = prediction
            self.score = score
            self.truthScore = truthScore
        }

        /// The class with the highest of the scores, the first of equals. Scores that are not all finite say nothing:
        /// there is no prediction then, and the scores are 0.
        public init(sample: Int, key: String? = nil, truth: Int, scores: [Float]) {
            guard scores.allSatisfy(\.isFinite) else {
                self.init(sample: sample, key: key, truth: truth, prediction: -1, score: 0, truthScore: 0)
                return
            }
            let best = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
            self.init(
                sample: sample, key: key, truth: truth, prediction: best, score: scores[best],
                truthScore: scores.indices.contains(truth) ? scores[truth] : 0)
        }
    }

    public var stage: String
    public var split: String
    public var classNames: [String]
    /// Ascending by sample.
    public var samples: [Sample]
    /// How far a linear probe's fit got; nil for other evaluations.
    public var fit: ProbeFit?

    public init(stage: String, split: String, classNames: [String], samples: [Sample], fit: ProbeFit? = nil) {
        self.stage = stage
        self.split = split
        self.classNames = classNames
        self.samples = samples
        self.fit = fit
    }

    /// Samples that have a class: those that are scored.
    public var scoredCount: Int { samples.count { $0.truth >= 0 } }

    /// Samples without a class, of which nobody knows whether their prediction is right.
    public var unlabelledCount: Int { samples.count - scoredCount }

    /// Scored samples whose prediction is their class.
    public var rightCount: Int { samples.count { $0.truth >= 0 && $0.truth == $0.prediction } }

    /// Share of the scored samples whose prediction is their class, 0...1; 0 where none is scored.
    public var accuracy: Double { scoredCount == 0 ? 0 : Double(rightCount) / Double(scoredCount) }

    /// Samples whose scores were not finite, which only weights or features that are not finite give.
    public var unpredictedCount: Int { samples.count { $0.prediction < 0 } }
}
