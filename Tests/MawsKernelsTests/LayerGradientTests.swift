import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// Backward passes against finite differences of their forward passes. fp32 differences over a step of 1e-2 are good
/// for about three digits.
private let tolerance = 3e-3

@Suite struct LayerGradientTests {
    let backend = ComputeBackend.reference(threads: 1)

    /// Compares ⟨gradient, direction⟩ with the change of ⟨y, dy⟩ when `x` moves along a random direction.
    private func expectGradient(
        _ gradient: FloatSlice, of x: FloatSlice, _ y: FloatSlice, _ dy: FloatSlice, forward: () -> Void
    ) {
        let direction = randomFloats(x.count, seed: 77)
        let numeric = directionalDerivative(
            of: {
                forward()
                return innerProduct(y.array, dy.array)
            }, at: x, along: direction)
        let exact = innerProduct(gradient.array, direction)
        let size = max(abs(exact), innerProduct(gradient.array, gradient.array).squareRoot())
        #expect(abs(numeric - exact) <= tolerance * size, "numeric \(numeric), exact \(exact)")
    }

    @Test func linearGradientsEqualDifferences() {
        let shape = LinearShape(rows: 11, inputs: 13, outputs: 7)
        let (x, weight, bias) = (randomSlice(143, seed: 1), randomSlice(91, seed: 2), randomSlice(7, seed: 3))
        let (y, dy, residual) = (zeroSlice(77), randomSlice(77, seed: 4), randomSlice(77, seed: 5))
        let (dx, dWeight, dBias) = (zeroSlice(143), zeroSlice(91), zeroSlice(7))
        backend.linearBackward(dx, dWeight, dBias, dy, x, weight, shape)
        let forward = { backend.linearForward(y, x, weight, bias, residual: residual, shape) }
        expectGradient(dx, of: x, y, dy, forward: forward)
        expectGradient(dWeight, of: weight, y, dy, forward: forward)
        expectGradient(dBias, of: bias, y, dy, forward: forward)
        expectGradient(dy, of: residual, y, dy, forward: forward)
    }

    @Test func layerNormGradientsEqualDifferences() {
        let shape = RowShape(rows: 300, width: 21)
        let (x, gamma, beta) = (randomSlice(6300, seed: 1), randomSlice(21, seed: 2), randomSlice(21, seed: 3))
        let (y, dy, mean, rstd) = (zeroSlice(6300), randomSlice(6300, seed: 4), zeroSlice(300), zeroSlice(300))
        let (dx, dGamma, dBeta) = (zeroSlice(6300), zeroSlice(21), zeroSlice(21))
        let forward = { backend.layerNormForward(y, mean, rstd, x, gamma, beta, epsilon: 1e-6, shape) }
        forward()
        backend.layerNormBackward(dx, dGamma, dBeta, dy, x, mean, rstd, gamma, residual: nil, shape)
        expectGradient(dx, of: x, y, dy, forward: forward)
        expectGradient(dGamma, of: gamma, y, dy, forward: forward)
        expectGradient(dBeta, of: beta, y, dy, forward: forward)
    }

    @Test func layerNormAddsTheResidualsGradient() {
        let shape = RowShape(rows: 3, width: 5)
        let (x, gamma, dy) = (randomSlice(15, seed: 1), randomSlice(5, seed: 2), randomSlice(15, seed: 3))
        let (y, mean, rstd, residual) = (zeroSlice(15), zeroSlice(3), zeroSlice(3), randomSlice(15, seed: 4))
        let (plain, added) = (zeroSlice(15), zeroSlice(15))
        backend.layerNormForward(y, mean, rstd, x, gamma, gamma, epsilon: 1e-6, shape)
        backend.layerNormBackward(plain, nil, nil, dy, x, mean, rstd, gamma, residual: nil, shape)
        backend.layerNormBackward(added, nil, nil, dy, x, mean, rstd, gamma, residual: residual, shape)
        backend.add(plain, plain, residual)
        #expect(relativeError(added.array, plain.array) < 1e-6)
    }

    @Test func activationGradientsEqualDifferences() {
        let (x, y, dy, dx) = (
            randomSlice(301, seed: 1, scale: 3), zeroSlice(301), randomSlice(301, seed: 2), zeroSlice(301)
        )
        backend.geluBackward(dx, output: nil, dy, x)
        expectGradient(dx, of: x, y, dy) { backend.geluForward(y, x) }
        backend.tanhForward(y, x)
        backend.tanhBackward(dx, dy, y)
        expectGradient(dx, of: x, y, dy) { backend.tanhForward(y, x) }
    }

    @Test func softmaxGradientEqualsDifferences() {
        let shape = RowShape(rows: 9, width: 35)
        let (x, y, dy, dx) = (
            randomSlice(315, seed: 1, scale: 2), zeroSlice(315), randomSlice(315, seed: 2), zeroSlice(315)
        )
        backend.softmaxForward(y, x, shape)
        backend.softmaxBackward(dx, dy, y, shape)
        expectGradient(dx, of: x, y, dy) { backend.softmaxForward(y, x, shape) }
    }

    @Test(arguments: [(3, 12, 12), (2, 33, 33), (3, 12, 1)])
    func attentionGradientsEqualDifferences(_ heads: Int, _ tokens: Int, _ queries: Int) {
        let width = heads * 8
        let shape = AttentionShape(batch: 2, tokens: tokens, heads: heads, headWidth: 8, queries: queries)
        let (qkv, dQKV) = (randomSlice(shape.qkvCount, seed: 1, scale: 2), zeroSlice(shape.qkvCount))
        let (y, dy) = (zeroSlice(2 * queries * width), randomSlice(2 * queries * width, seed: 2))
        let (logSumExp, valid) = (zeroSlice(shape.logSumExpCount), [tokens, tokens - 3])
        let forward = {
            backend.attentionForward(
                ActivationSlice(y), logSumExp, ActivationSlice(qkv), validTokens: valid, shape)
        }
        forward()
        backend.attentionBackward(
            ActivationSlice(dQKV), ActivationSlice(dy), logSumExp, ActivationSlice(qkv), validTokens: valid, shape)
        expectGradient(dQKV, of: qkv, y, dy, forward: forward)
    }

    @Test func scatterAddIsTheBackwardOfGather() {
        let indices = [3, 0, 3, 1]
        let (table, y, dy, dTable) = (randomSlice(20, seed: 1), zeroSlice(20), randomSlice(20, seed: 2), zeroSlice(20))
        backend.scatterAddRows(dTable, dy, indices, width: 5)
        expectGradient(dTable, of: table, y, dy) { backend.gatherRows(y, table, indices, width: 5) }
    }
}
