import MawsBase
import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct ReproducibilityTests {
    let single = ComputeBackend.reference(threads: 1)
    let double = ComputeBackend.reference(threads: 2)

    @Test func elementwiseResultsDoNotDependOnThreads() {
        let (x, dy) = (randomSlice(100_003, seed: 1, scale: 3), randomSlice(100_003, seed: 2))
        let results = [single, double].map { backend in
            let (y, dx, t) = (zeroSlice(x.count), zeroSlice(x.count), zeroSlice(x.count))
            backend.geluForward(y, x)
            backend.geluBackward(dx, output: nil, dy, x)
            backend.tanhForward(t, x)
            return y.array + dx.array + t.array
        }
        #expect(results[0] == results[1])
    }

    @Test func rowResultsDoNotDependOnThreads() {
        let shape = RowShape(rows: 1003, width: 130)
        let (x, dy, gamma) = (
            randomSlice(shape.count, seed: 1), randomSlice(shape.count, seed: 2), randomSlice(130, seed: 3)
        )
        let results = [single, double].map { backend in
            let (y, dx, mean, rstd) = (zeroSlice(x.count), zeroSlice(x.count), zeroSlice(1003), zeroSlice(1003))
            let (dGamma, dBeta, sums) = (zeroSlice(130), zeroSlice(130), zeroSlice(130))
            backend.layerNormForward(y, mean, rstd, x, gamma, gamma, epsilon: 1e-6, shape)
            backend.layerNormBackward(dx, dGamma, dBeta, dy, x, mean, rstd, gamma, residual: nil, shape)
            backend.softmaxForward(y, y, shape)
            backend.sumRows(sums, x, shape)
            return y.array + dx.array + dGamma.array + dBeta.array + sums.array
        }
        #expect(results[0] == results[1])
    }

    @Test func attentionDoesNotDependOnThreads() {
        let shape = AttentionShape(batch: 5, tokens: 50, heads: 4, headWidth: 32)
        let (qkv, dy) = (randomSlice(5 * 50 * 384, seed: 1, scale: 2), randomSlice(5 * 50 * 128, seed: 2))
        let results = [single, double].map { backend in
            let (y, dQKV, logSumExp) = (
                zeroSlice(dy.count), zeroSlice(qkv.count), zeroSlice(shape.logSumExpCount)
            )
            backend.attentionForward(ActivationSlice(y), logSumExp, ActivationSlice(qkv), validTokens: nil, shape)
            backend.attentionBackward(
                ActivationSlice(dQKV), ActivationSlice(dy), logSumExp, ActivationSlice(qkv), validTokens: nil, shape)
            return y.array + dQKV.array
        }
        #expect(results[0] == results[1])
    }

    @Test func theProfileNamesWhatDecidesTheBits() {
        let oneDNN = ComputeBackend.oneDNN(threads: 1, operands: .float32)
        #expect(single.profile.library.contains("OpenBLAS"))
        #expect(single.profile == double.profile)
        #expect(oneDNN.profile.differences(from: single.profile).first == "its backend is onednn and not reference")
        #expect(ComputeProfile(text: oneDNN.profile.description) == oneDNN.profile)
        #expect(ComputeProfile(text: "onednn; oneDNN 2.6.3; avx2") == nil)
    }
}
