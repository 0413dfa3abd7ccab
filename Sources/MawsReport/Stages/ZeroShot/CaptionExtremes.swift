import MawsTraining

/// The images of one class that suit its caption best, and those that were most surely taken for another's.
package struct CaptionExtremes: Hashable, Sendable {
    package let classIndex: Int
    /// Recognised, highest score first.
    package let best: [ClassificationResult.Sample]
    /// Mistaken, widest lead of the wrong caption over the right one first.
    package let worst: [ClassificationResult.Sample]

    /// Equal scores go by sample number, so that the same run always gives the same report.
    /// - Parameter limit: most images of each kind.
    package init(_ result: ClassificationResult, classIndex: Int, limit: Int) {
        let samples = result.samples.filter { $0.truth == classIndex }
        self.classIndex = classIndex
        best = samples.filter { $0.prediction == classIndex }
            .sorted { ($1.score, $0.sample) < ($0.score, $1.sample) }
            .prefix(limit).map(\.self)
        worst = samples.filter { $0.prediction != classIndex && $0.prediction >= 0 }
            .sorted { ($1.lead, $0.sample) < ($0.lead, $1.sample) }
            .prefix(limit).map(\.self)
    }
}

extension ClassificationResult.Sample {
    /// By how much the prediction's score is above the truth's.
    fileprivate var lead: Float { score - truthScore }
}
