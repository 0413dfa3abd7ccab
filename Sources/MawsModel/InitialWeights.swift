import MawsBase
import MawsTensor

/// Fills parameters before the first step, the same on every machine.
package enum InitialWeights {
    /// Writes the initial values of one parameter.
    /// - Parameter block: the block's buffer; the parameter lies at `entry.offset`.
    package static func fill(_ entry: ParameterEntry, seed: UInt64, stage: UInt32, into block: FloatBuffer) {
        let values = block.slice(entry)
        switch entry.initializer {
        case .zeros: fillConstant(values, 0)
        case .ones: fillConstant(values, 1)
        case .constant(let value): fillConstant(values, value)
        case .normal(let std):
            fillNormal(values, std, limit: .infinity, stream(entry, seed, stage))
        case .truncatedNormal(let std):
            fillNormal(values, std, limit: 2, stream(entry, seed, stage))
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

    /// - Parameter limit: draws farther than this many standard deviations from 0 are drawn again.
    private static func fillNormal(_ values: FloatSlice, _ std: Float, limit: Float, _ stream: CounterRandom) {
        var normal = NormalStream(stream)
        for index in 0..<values.count {
            var value = normal.next()
            while abs(value) > limit { value = normal.next() }
            values[index] = value * std
        }
    }
}

/// Standard normal numbers by Marsaglia's polar method.
///
/// It needs a logarithm and a square root only, which are the same on every machine.
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
            let factor = (-2 * PortableMath.log(square) / square).squareRoot()
            spare = Float(y * factor)
            return Float(x * factor)
        }
    }
}
