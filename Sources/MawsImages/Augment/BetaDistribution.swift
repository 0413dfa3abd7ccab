import MawsBase

/// Beta(α, α): Jöhnk's method up to α = 1, Cheng's BB (1978) above; both with portable logarithms, so that all machines
/// draw the same.
package struct BetaDistribution: Sendable {
    private let alpha: Double

    /// - Parameter alpha: above 0 and up to 10.
    package init(alpha: Double) {
        precondition(alpha > 0 && alpha <= 10)
        self.alpha = alpha
    }

    /// In 0...1.
    package func draw(_ random: inout CounterRandom) -> Double {
        alpha <= 1 ? drawJohnk(&random) : drawCheng(&random)
    }

    /// U^(1/α) / (U^(1/α) + V^(1/α)) of those pairs whose sum is at most 1, in logarithms, as powers may be too small.
    private func drawJohnk(_ random: inout CounterRandom) -> Double {
        while true {
            let (x, y) = (logUniform(&random) / alpha, logUniform(&random) / alpha)
            let larger = max(x, y)
            let sum = larger + PortableMath.log(bounded(x - larger) + bounded(y - larger))
            if sum <= 0 { return bounded(x - sum) }
        }
    }

    private func drawCheng(_ random: inout CounterRandom) -> Double {
        let beta = ((2 * alpha - 2) / (2 * alpha * alpha - 2 * alpha)).squareRoot()
        let gamma = alpha + 1 / beta
        while true {
            let (u, v) = (openUniform(&random), openUniform(&random))
            let power = beta * (PortableMath.log(u) - PortableMath.log(1 - u))
            let weight = alpha * bounded(power)
            let test = PortableMath.log(u * u * v)
            let excess = gamma * power - 1.386_294_361_119_890_6
            if alpha + excess - weight + 2.609_437_912_434_100_3 >= 5 * u * u * v
                || alpha + excess - weight >= test
                || excess + 2 * alpha * PortableMath.log(2 * alpha / (alpha + weight)) >= test
            {
                return weight / (alpha + weight)
            }
        }
    }

    private func logUniform(_ random: inout CounterRandom) -> Double { PortableMath.log(openUniform(&random)) }

    /// Uniform in (0, 1).
    private func openUniform(_ random: inout CounterRandom) -> Double { random.uniformDouble() + 0x1p-54 }

    /// e^x, 0 where that is too small to matter.
    private func bounded(_ x: Double) -> Double { x < -40 ? 0 : PortableMath.exp(x) }
}
