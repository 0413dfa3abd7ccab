import Foundation
import MawsTraining

/// What the log says of a finished evaluation.
struct EvaluationRemarks {
    let sentences: [String]
    /// What a person has to know before believing the figure.
    let warnings: [String]

    init(_ result: EvaluationResult) {
        var (sentences, warnings): ([String], [String]) = ([], [])
        let percent = String(format: "%.2f", 100 * result.accuracy)
        sentences.append(
            "\(result.stage): \(percent) % top-1 of \(result.scoredCount) images of \(result.split)"
                + (result.unlabelledCount > 0 ? "; \(result.unlabelledCount) more have no class" : ""))
        if let fit = result.fit {
            let reached =
                "\(fit.iterations) iterations to \(fit.samples) samples; the largest element of the gradient is "
                + String(format: "%.1e", fit.gradientMax)
            if fit.converged {
                sentences.append("\(result.stage): fitted in \(reached)")
            } else {
                warnings.append(
                    "\(result.stage): the fit ended before its optimum, after \(reached), not "
                        + String(format: "%.0e", fit.tolerance) + "; a larger `penalty` makes it easier")
            }
            if fit.weightsFile == nil {
                warnings.append(
                    "\(result.stage): the weights of the probe were not kept, being larger than a message")
            }
        }
        if result.unpredictedCount > 0 {
            warnings.append(
                "\(result.stage): \(result.unpredictedCount) of \(result.samples.count) images have scores that are "
                    + "not finite and count as wrong; the weights are no use")
        }
        (self.sentences, self.warnings) = (sentences, warnings)
    }
}
