import MawsBase

/// One slice of a bank's state: weights and both moments, each `count` floats, element 0 being the slice's first.
public struct AdamWSlice {
    public var weights: UnsafeMutablePointer<Float>
    public var firstMoment: UnsafeMutablePointer<Float>
    public var secondMoment: UnsafeMutablePointer<Float>

    public init(
        weights: UnsafeMutablePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
        secondMoment: UnsafeMutablePointer<Float>
    ) {
        self.weights = weights
        self.firstMoment = firstMoment
        self.secondMoment = secondMoment
    }

    /// Takes the weights and moments of `source` as they are.
    public func copy(_ source: AdamWSlice, count: Int) {
        weights.update(from: source.weights, count: count)
        firstMoment.update(from: source.firstMoment, count: count)
        secondMoment.update(from: source.secondMoment, count: count)
    }

    fileprivate func advanced(by elements: Int) -> AdamWSlice {
        AdamWSlice(
            weights: weights + elements, firstMoment: firstMoment + elements, secondMoment: secondMoment + elements)
    }
}

/// AdamW over flat slices: decoupled weight decay and bias correction in the operation order of torch.optim.AdamW's
/// default path (torch/optim/adamw.py, Loshchilov and Hutter 2019), fp32 element by element.
///
/// Each element is computed from its own weight, moments and gradient alone with correctly rounded operations, so the
/// result does not depend on where a block is cut into slices.
public struct AdamW: Sendable {
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Double
    private let weightDecay: Double

    public init(beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// Updates the elements `range` of a block, reading one bank and writing another; they may be the same.
    ///
    /// - Parameters:
    ///   - block: says which elements decay and by what factor their learning rate is scaled.
    ///   - range: elements of the block; all pointers stand at its first.
    ///   - step: the update that turns version `step` into `step + 1`; torch counts it as `step + 1`.
    ///   - clipScale: factor on the gradient, from `GradientNorm.clipScale`.
    public func update(
        block: ParameterBlock, range: Range<Int>, step: StepIndex, learningRate: Double, clipScale: Double,
        gradient: UnsafePointer<Float>, from source: AdamWSlice, to target: AdamWSlice
    ) {
        precondition(range.lowerBound >= 0 && range.upperBound <= block.count, "slice outside block \(block.name)")
        for entry in block.entries {
            let part = entry.range.clamped(to: range)
            if part.isEmpty { continue }
            let offset = part.lowerBound - range.lowerBound
            let factors = factors(for: entry, step: step, learningRate: learningRate, clipScale: clipScale)
            factors.apply(
                count: part.count, gradient: gradient + offset, from: source.advanced(by: offset),
                to: target.advanced(by: offset))
        }
    }

    private func factors(
        for entry: ParameterEntry, step: StepIndex, learningRate: Double, clipScale: Double
    ) -> AdamWFactors {
        let rate = learningRate * Double(entry.learningRateScale)
        let count = step.value + 1
        let correction1 = 1 - power(beta1, count)
        let correction2 = 1 - power(beta2, count)
        return AdamWFactors(
            clip: Float(clipScale), keep: entry.decays ? Float(1 - rate * weightDecay) : 1,
            firstGain: Float(1 - beta1), secondKeep: Float(beta2), secondGain: Float(1 - beta2),
            rootCorrection: Float(correction2.squareRoot()), epsilon: Float(epsilon),
            stepSize: Float(-rate / correction1))
    }

    /// By repeated squaring: a step's correction must not depend on the machine's `pow`.
    private func power(_ base: Double, _ exponent: UInt64) -> Double {
        var result = 1.0
        var square = base
        var left = exponent
        while left > 0 {
            if left & 1 == 1 { result *= square }
            square *= square
            left >>= 1
        }
        return result
    }
}

/// The scalars of one update of one parameter, and its element loop.
private struct AdamWFactors {
    var clip: Float
    var keep: Float
    var firstGain: Float
    var secondKeep: Float
    var secondGain: Float
    var rootCorrection: Float
    var epsilon: Float
    var stepSize: Float

    /// Explicit vectors, because seven pointers that may overlap keep the compiler from making its own.
    func apply(count: Int, gradient: UnsafePointer<Float>, from source: AdamWSlice, to target: AdamWSlice) {
        let lanes = SIMD8<Float>.scalarCount
        var index = 0
        while index + lanes <= count {
            let next = update(
                weight: load(source.weights + index), first: load(source.firstMoment + index),
                second: load(source.secondMoment + index), gradient: load(gradient + index))
            store(next.weight, target.weights + index)
            store(next.first, target.firstMoment + index)
            store(next.second, target.secondMoment + index)
            index += lanes
        }
        while index < count {
            let next = update(
                weight: SIMD8(repeating: source.weights[index]), first: SIMD8(repeating: source.firstMoment[index]),
                second: SIMD8(repeating: source.secondMoment[index]), gradient: SIMD8(repeating: gradient[index]))
            target.weights[index] = next.weight[0]
            target.firstMoment[index] = next.first[0]
            target.secondMoment[index] = next.second[0]
            index += 1
        }
    }

    @inline(__always)
    private func update(
        weight: SIMD8<Float>, first: SIMD8<Float>, second: SIMD8<Float>, gradient: SIMD8<Float>
    ) -> (weight: SIMD8<Float>, first: SIMD8<Float>, second: SIMD8<Float>) {
        let scaled = gradient * clip
        let first = first + (scaled - first) * firstGain
        let second = second * secondKeep + (scaled * secondGain) * scaled
        let denominator = second.squareRoot() / rootCorrection + epsilon
        return (weight * keep + (first * stepSize) / denominator, first, second)
    }

    @inline(__always)
    private func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always)
    private func store(_ values: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: values, as: SIMD8<Float>.self)
    }
}
