import Foundation
import MawsRecords

/// Round numbers along an axis: 1, 2, 2.5 or 5 times a power of ten apart.
struct AxisTicks {
    let values: [Double]
    /// Decimals that tell neighbouring ticks apart.
    let places: Int
    /// What the axis spans: the range asked for, or that range widened to whole ticks.
    let range: ClosedRange<Double>

    /// - Parameters:
    ///   - count: about this many ticks.
    ///   - widens: whether the axis goes on to the next tick at both ends.
    ///   - isWhole: no ticks between whole numbers (steps).
    init(low: Double, high: Double, count: Int, widens: Bool = false, isWhole: Bool = false) {
        precondition(low.isFinite && high.isFinite && low < high && count > 0)
        let rough = (high - low) / Double(count)
        let power = pow(10, floor(log10(rough)))
        let factor = [1.0, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10
        let step = isWhole ? max(1, (factor * power).rounded(.up)) : factor * power
        // A bound on a tick must not move by a rounding error.
        let first = (low / step + (widens ? 1e-6 : -1e-6)).rounded(widens ? .down : .up)
        let last = (high / step + (widens ? -1e-6 : 1e-6)).rounded(widens ? .up : .down)
        values = first <= last ? stride(from: first, through: last, by: 1).map { $0 * step } : []
        range = widens ? (first * step)...(last * step) : low...high
        places = max(0, -Int(floor(log10(step) + 1e-9)) + (factor == 2.5 ? 1 : 0))
    }

    /// Labels that share one form: thousands as `12k` from 10,000 on, powers of ten for very small steps.
    var labels: [String] {
        if let largest = values.map(abs).max(), largest >= 10_000, values.allSatisfy({ $0 == $0.rounded() }) {
            return values.map { Self.thousands($0, isMillions: largest >= 10_000_000) }
        }
        return values.map { $0 == 0 ? "0" : places > 5 ? Self.scientific($0) : Figure.decimal($0, places: places) }
    }

    private static func thousands(_ value: Double, isMillions: Bool) -> String {
        let scaled = value / (isMillions ? 1e6 : 1e3)
        guard scaled != 0 else { return "0" }
        return Figure.decimal(scaled, places: scaled == scaled.rounded() ? 0 : 1) + (isMillions ? "M" : "k")
    }

    /// `2e-5`, `2.5e-5`.
    private static func scientific(_ value: Double) -> String {
        let exponent = Int(floor(log10(abs(value)) + 1e-9))
        let mantissa = value / pow(10, Double(exponent))
        let isRound = abs(mantissa - mantissa.rounded()) < 1e-6
        return "\(Figure.decimal(mantissa, places: isRound ? 0 : 1))e\(exponent < 0 ? "−" : "")\(abs(exponent))"
    }
}
