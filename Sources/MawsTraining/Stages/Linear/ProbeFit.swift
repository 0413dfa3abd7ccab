import Foundation

/// How far the fit of a linear probe got, and what came of it.
package struct ProbeFit: Codable, Hashable, Sendable {
    /// Samples with a class that it was fitted on.
    package var samples: Int
    /// L2 penalty on the weights over standardised features.
    package var penalty: Double
    package var iterations: Int
    /// The mean objective, and the largest element of its gradient, that were reached.
    package var objective: Double
    package var gradientMax: Double
    /// The gradient that ends the fit.
    package var tolerance: Double
    package var converged: Bool
    /// Name of the file beside the results that holds the weights, and its SHA-256 in hex; nil while they travel.
    package var weightsFile: String?
    package var weightsHash: String?
    /// The weights on their way from the trainer to the run's folder; nil where they lie in the file.
    package var head: ProbeHead?

    package init(
        samples: Int, penalty: Double, iterations: Int, objective: Double, gradientMax: Double, tolerance: Double,
        converged: Bool
    ) {
        self.samples = samples
        self.penalty = penalty
        self.iterations = iterations
        self.objective = objective
        self.gradientMax = gradientMax
        self.tolerance = tolerance
        self.converged = converged
    }
}

/// The weights of a linear probe as a layer on the image tower's features as they are: the scaler that it was fitted
/// behind is in them. Class scores are features · weightᵀ + bias.
package struct ProbeHead: Codable, Hashable, Sendable {
    /// fp32, little-endian, [classes, width].
    package var weight: Data
    /// fp32, little-endian, [classes].
    package var bias: Data

    package init(weight: Data, bias: Data) {
        self.weight = weight
        self.bias = bias
    }
}
