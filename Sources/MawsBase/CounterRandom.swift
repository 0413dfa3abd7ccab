/// What a random number is for. Raw values are part of the run's definition: they never change meaning.
package enum RandomPurpose: UInt32, Sendable {
    case initialWeights = 1
    case order = 2
    case mask = 3
    case crop = 4
    case flip = 5
    case weakLabels = 6
    case caption = 7
    case momentRounding = 20
    case randAugment = 30
    case erase = 31
    case mix = 32
    case split = 40
    /// Faults and delays of simulated runs.
    case simulation = 50
    /// Faults that are made to real processes.
    case faults = 51
    case test = 99
}

/// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
/// 2011).
///
/// The stream is a pure function of (seed, purpose, stage, step, element), so that any process on any machine draws the
/// same numbers for the same sample or weight, in any order.
package struct CounterRandom: Sendable {
    private var counter: SIMD4<UInt32>
    private let key: SIMD2<UInt32>
    private var block = SIMD4<UInt32>()
    private var used = 4

    /// - Parameters:
    ///   - element: the sample slot, or the index of a weight.
    ///   - step: below 2^32; 0 where the number does not depend on the step.
    package init(seed: UInt64, purpose: RandomPurpose, stage: UInt32 = 0, step: UInt64 = 0, element: UInt64) {
        key = Self.key(seed: seed, purpose: purpose, stage: stage)
        counter = SIMD4(
            0, UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: element),
            UInt32(truncatingIfNeeded: element >> 32))
    }

    /// Philox's key for one purpose in one stage.
    package static func key(seed: UInt64, purpose: RandomPurpose, stage: UInt32) -> SIMD2<UInt32> {
        let mixed = mix(seed ^ mix(UInt64(purpose.rawValue) << 32 | UInt64(stage)))
        return SIMD2(UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
    }

    /// Uniform over all 32-bit values.
    package mutating func next() -> UInt32 {
        if used == 4 {
            block = Self.philox(counter, key)
            counter.x &+= 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    /// Uniform over all 64-bit values.
    package mutating func nextUInt64() -> UInt64 {
        let low = UInt64(next())
        return UInt64(next()) << 32 | low
    }

    /// Uniform in [0, 1), a multiple of 2^-24.
    package mutating func uniform() -> Float { Float(next() >> 8) * 0x1p-24 }

    /// Uniform in [0, 1), a multiple of 2^-53.
    package mutating func uniformDouble() -> Double { Double(nextUInt64() >> 11) * 0x1p-53 }

    /// Uniform from the lower bound up to the upper one.
    package mutating func uniform(in range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniformDouble()
    }

    /// Uniform in 0..<bound, by Lemire's multiplication; the bias is below bound / 2^64.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0)
        return Int(nextUInt64().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A uniformly random permutation of 0..<count (Fisher–Yates).
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(index, below(index + 1))
        }
        return order
    }

    /// The ten-round Philox bijection.
    package static func philox(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var state = counter
        var key = key
        for _ in 0..<10 {
            let first = UInt64(state.x) &* 0xD251_1F53
            let second = UInt64(state.z) &* 0xCD9E_8D57
            state = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ state.y ^ key.x, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ state.w ^ key.y, UInt32(truncatingIfNeeded: first))
            key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return state
    }

    /// SplitMix64's finalizer: spreads a seed over all bits of the key.
    package static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
