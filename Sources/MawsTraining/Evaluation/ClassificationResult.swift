import Foundation

/// The outcome of an evaluation that gives each sample one class.
///
/// A run keeps it as `results/<stage>.json` and, a line a sample, `results/<stage>.predictions.jsonl`.
package struct ClassificationResult: Codable, Hashable, Sendable, StageResult {
    package struct Sample: Codable, Hashable, Sendable {
        /// Index in the split.
        package var sample: Int
        /// The sample's key in its shard; nil where it was not looked up.
        package var key: String?
        /// Clean class, -1 where unknown.
        package var truth: Int
        /// The class predicted, -1 where the scores were not all finite.
        package var prediction: Int
        /// Score of the prediction, and of the truth (cosine similarity for zeroshot, probability for linear).
        package var score: Float
        package var truthScore: Float

        package init(sample: Int, key: String? = nil, truth: Int, prediction: Int, score: Float, truthScore: Float) {
            self.sample = sample
            self.key = key
            self.truth = truth
            self.prediction = prediction
            self.score = score
            self.truthScore = truthScore
        }

        /// The class with the highest of the scores, the first of equals. Scores that are not all finite say nothing:
        /// there is no prediction then, and the scores are 0.
        package init(sample: Int, key: String? = nil, truth: Int, scores: [Float]) {
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

    package var stage: String
    package var split: String
    package var classNames: [String]
    /// Ascending by sample.
    package var samples: [Sample]
    /// How far a linear probe's fit got; nil for other evaluations.
    package var fit: ProbeFit?

    package init(stage: String, split: String, classNames: [String], samples: [Sample], fit: ProbeFit? = nil) {
        self.stage = stage
        self.split = split
        self.classNames = classNames
        self.samples = samples
        self.fit = fit
    }

    /// Samples that have a class: those that are scored.
    package var scoredCount: Int { samples.count { $0.truth >= 0 } }

    /// Samples without a class, of which nobody knows whether their prediction is right.
    package var unlabelledCount: Int { samples.count - scoredCount }

    /// Scored samples whose prediction is their class.
    package var rightCount: Int { samples.count { $0.truth >= 0 && $0.truth == $0.prediction } }

    /// Share of the scored samples whose prediction is their class, 0...1; 0 where none is scored.
    package var accuracy: Double { scoredCount == 0 ? 0 : Double(rightCount) / Double(scoredCount) }

    /// Samples whose scores were not finite, which only weights or features that are not finite give.
    package var unpredictedCount: Int { samples.count { $0.prediction < 0 } }

    /// Throws where a sample has a class that is neither one nor the -1 of none.
    static func checkClasses(of samples: [Sample]) throws(ResultFault) {
        guard let sample = samples.first(where: { $0.truth < -1 || $0.prediction < -1 }) else { return }
        throw ResultFault("gives sample \(sample.sample) the class \(min(sample.truth, sample.prediction))")
    }
}

extension ClassificationResult {
    package var headline: StageFigure { StageFigure(name: "top-1", share: accuracy) }
    package var unscoredCount: Int { unlabelledCount }

    package var remarks: StageRemarks {
        var remarks = StageRemarks()
        let percent = String(format: "%.2f", 100 * accuracy)
        remarks.sentences.append(
            "\(stage): \(percent) % \(headline.name) of \(scoredCount) images of \(split)"
                + (unlabelledCount > 0 ? "; \(unlabelledCount) more have no class" : ""))
        if let fit { remarks.add(fit, stage) }
        if unpredictedCount > 0 {
            remarks.warnings.append(
                "\(stage): \(unpredictedCount) of \(samples.count) images have scores that are not finite and count as "
                    + "wrong; the weights are no use")
        }
        return remarks
    }
}

extension StageRemarks {
    fileprivate mutating func add(_ fit: ProbeFit, _ stage: String) {
        let reached =
            "\(fit.iterations) iterations to \(fit.samples) samples; the largest element of the gradient is "
            + String(format: "%.1e", fit.gradientMax)
        if fit.converged {
            sentences.append("\(stage): fitted in \(reached)")
        } else {
            warnings.append(
                "\(stage): the fit ended before its optimum, after \(reached), not "
                    + String(format: "%.0e", fit.tolerance) + "; a larger `penalty` makes it easier")
        }
        if fit.weightsFile == nil {
            warnings.append("\(stage): the weights of the probe were not kept, being larger than a message")
        }
    }
}
