import MawsBase
import MawsTensor

/// `count` values uniform in ±scale, the same for the same seed.
package func randomFloats(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    var random = CounterRandom(seed: seed, purpose: .test, element: 0)
    return (0..<count).map { _ in (2 * random.uniform() - 1) * scale }
}

/// The same in a buffer of their own.
package func randomSlice(_ count: Int, seed: UInt64, scale: Float = 1) -> FloatSlice {
    FloatBuffer(randomFloats(count, seed: seed, scale: scale)).all
}

/// `count` zeros in a buffer of their own.
package func zeroSlice(_ count: Int) -> FloatSlice { FloatBuffer(count: count).all }
