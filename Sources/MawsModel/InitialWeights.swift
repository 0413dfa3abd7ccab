import MawsBase
import MawsTensor

/// Fills parameters before the first step, the same on every machine.
public enum InitialWeights {
    /// Writes the initial values of one parameter.
    /// - Parameter block: the block's buffer; the parameter lies at `entry.offset`.
    public static func fill(_ entry: ParameterEntry, seed: UInt64, stage: UInt32, into block: FloatBuffer) {
        let values = block.slice(entry)
        switch entry.initializer {
        case .zeros: fillConstant(values, 0)
        case .ones: fillConstant(values, 1)
        case .constant(let value): fillConstant(values, value)
        case .normal(let deviation):
            fillNormal(values, deviation, limit: .infinity, stream(entry, seed, stage))
        case .truncatedNormal(let deviation):
            fillNormal(values, deviation, limit: 2, stream(entry, seed, stage))
        case .xavierUniform(let fanIn, let fanOut):
            fillUniform(values, bound: (6 / Float(fanIn + fanOut)).squareRoot(), stream(entry, seed, stage))
        case .sineCosine(let gridSide):
            SineCosinePositions.fill(values, width: entry.shape[entry.shape.count - 1], gridSide: gridSide)
        }
    }

    private static func fillConstant(_ values: FloatSlice, _ value: Float) {
        for index in 0..<values.count { values[index] = value }
    }

    /// One stream a parameter, so that a parameter's values do not depend on what else the model has.
    private static func stream(_ entry: ParameterEntry, _ seed: UInt64, _ stage: UInt32) -> CounterRandom {
        CounterRandom(seed: seed, purpose: .initialWeights, stage: stage, element: nameHash(entry.name))
    }

    /// FNV-1a over the name's UTF-8 bytes.
    private static func nameHash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static func fillUniform(_ values: FloatSlice, bound: Float, _ stream: CounterRandom) {
        var stream = stream
        for index in 0..<values.count { values[index] = (2 * stream.uniform() - 1) * bound }
    }

    /// - Parameter limit: draws farther than this many deviations from 0 are drawn again.
    private static func fillNormal(_ values: FloatSlice, _ deviation: Float, limit: Float, _ stream: CounterRandom) {
        var normal = NormalStream(stream)
        for index in 0..<values.count {
            var value = normal.next()
            while abs(value) > limit { value = normal.next() }
            values[index] = value * deviation
        }
    }
}

/// Standard normal numbers by Marsaglia's polar method.
///
/// It needs a logarithm and a square root only; both are computed without the C library, whose logarithm may differ
/// between versions in the last bit.
private struct NormalStream {
    private var random: CounterRandom
    private var spare: Float?

    init(_ random: CounterRandom) { self.random = random }

    mutating func next() -> Float {
        if let value = spare {
            spare = nil
            return value
        }
        while true {
            let x = 2 * Double(random.uniform()) - 1
            let y = 2 * Double(random.uniform()) - 1
            let square = x * x + y * y
            guard square < 1 && square > 0 else { continue }
            let factor = (-2 * PortableLogarithm.of(square) / square).squareRoot()
            spare = Float(y * factor)
            return Float(x * factor)
        }
    }
}

/// Natural logarithm from basic arithmetic alone, equal on every machine; accurate to a few units of 1e-15.
enum PortableLogarithm {
    static func of(_ value: Double) -> Double {
        var mantissa = value.significand
        var exponent = Double(value.exponent)
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        // log m = 2 artanh(s) with s = (m - 1) / (m + 1), |s| < 0.1716.
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var sum = 0.0
        for denominator in stride(from: 21.0, through: 1, by: -2) { sum = sum * square + 1 / denominator }
        return 2 * s * sum + exponent * 0.693_147_180_559_945_3
    }
}
