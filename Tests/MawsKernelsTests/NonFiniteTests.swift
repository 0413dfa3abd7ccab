import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

/// Positions in rows of these widths: inside whole vectors of every instruction set, and in the part behind them.
private let widths = [1, 3, 7, 16, 19, 37, 70]

private func areNaN(_ values: some Sequence<Float>) -> Bool { values.allSatisfy(\.isNaN) }
private func areFinite(_ values: some Sequence<Float>) -> Bool { values.allSatisfy(\.isFinite) }

/// NaN and infinity stay what they are, as in PyTorch: nothing turns them into ordinary numbers.
@Suite struct NonFiniteTests {
    @Test(arguments: instructionSets, [Float.nan, -.nan, Float(bitPattern: 0x7fc0_0001), .infinity])
    func aScoreThatIsNotFiniteSpoilsItsRowOfASoftmaxAndNoOther(_ set: String, _ value: Float) throws {
        let backend = try backend(set)
        for width in widths {
            for place in 0..<width {
                let x = randomSlice(3 * width, seed: UInt64(width), scale: 20)
                x[width + place] = value
                let y = zeroSlice(3 * width)
                backend.softmaxForward(y, x, RowShape(rows: 3, width: width))
                let values = y.array
                #expect(areNaN(values[width..<2 * width]), "\(width) \(place)")
                #expect(areFinite(values[..<width] + values[(2 * width)...]), "\(width) \(place)")
            }
        }
    }

    @Test(arguments: instructionSets) func aMaskedScoreHasProbabilityZeroAndARowOfThemHasNone(_ set: String) throws {
        let backend = try backend(set)
        for width in widths where width > 1 {
            for place in 0..<width {
                let x = randomSlice(width, seed: UInt64(width), scale: 20)
                x[place] = -.infinity
                backend.softmaxForward(x, x, RowShape(rows: 1, width: width))
                #expect(x[place] == 0, "\(width) \(place)")
                #expect(abs(x.array.reduce(0, +) - 1) < 1e-5, "\(width) \(place)")
            }
        }
        let masked = FloatBuffer([Float](repeating: -.infinity, count: 19)).all
        backend.softmaxForward(masked, masked, RowShape(rows: 1, width: 19))
        #expect(areNaN(masked.array))
    }

    @Test(arguments: instructionSets) func activationsOfNaNAreNaN(_ set: String) throws {
        let backend = try backend(set)
        for place in 0..<37 {
            let x = randomSlice(37, seed: 1, scale: 3)
            x[place] = .nan
            let (y, dx, output) = (zeroSlice(37), zeroSlice(37), zeroSlice(37))
            let dy = FloatBuffer([Float](repeating: 1, count: 37)).all
            backend.geluForward(y, x)
            expectNaN(y, only: place)
            backend.geluBackward(dx, output: output, dy, x)
            expectNaN(dx, only: place)
            expectNaN(output, only: place)
            backend.tanhForward(y, x)
            expectNaN(y, only: place)
            backend.tanhBackward(dx, dy, y)
            expectNaN(dx, only: place)
        }
    }

    @Test(arguments: vectorSets) func activationsOfNaNInBFloat16AreNaN(_ set: String) throws {
        let (backend, memory) = (try backend(set), Workspace())
        let (x, y, dx, output, dy) = (
            memory.take(37, .bfloat16), memory.take(37, .bfloat16), memory.take(37, .bfloat16),
            memory.take(37, .bfloat16), memory.take(37, .bfloat16)
        )
        backend.convert(dy, FloatBuffer([Float](repeating: 1, count: 37)).all)
        for place in 0..<37 {
            let values = randomSlice(37, seed: 1, scale: 3)
            values[place] = .nan
            backend.convert(x, values)
            backend.geluForward(y, x)
            backend.geluBackward(dx, output: output, dy, x)
            for slice in [x, y, dx, output] { expectNaN(FloatBuffer(slice.array).all, only: place) }
        }
    }

    @Test(arguments: instructionSets) func activationsOfInfinityAreTorchs(_ set: String) throws {
        let backend = try backend(set)
        let x = FloatBuffer([.infinity, -.infinity, 1]).all
        let (y, dx) = (zeroSlice(3), zeroSlice(3))
        backend.tanhForward(y, x)
        #expect(y[0] == 1 && y[1] == -1)
        backend.geluForward(y, x)
        #expect(y[0] == .infinity && !y[1].isFinite && y[2].isFinite)
        backend.geluBackward(dx, output: nil, FloatBuffer([1, 1, 1]).all, x)
        #expect(dx[0].isNaN && dx[1].isNaN && dx[2].isFinite)
    }

    @Test(arguments: instructionSets, [Float.nan, .infinity, -.infinity])
    func aValueThatIsNotFiniteSpoilsItsRowOfALayerNorm(_ set: String, _ value: Float) throws {
        let backend = try backend(set)
        for width in widths where width > 1 {
            let shape = RowShape(rows: 2, width: width)
            let x = randomSlice(2 * width, seed: 2)
            x[width - 1] = value
            let (y, mean, rstd) = (zeroSlice(2 * width), zeroSlice(2), zeroSlice(2))
            let (gamma, beta) = (randomSlice(width, seed: 3), randomSlice(width, seed: 4))
            backend.layerNormForward(y, mean, rstd, x, gamma, beta, epsilon: 1e-6, shape)
            #expect(areNaN(y.array[..<width]) && areFinite(y.array[width...]), "\(width)")
        }
    }

    @Test(arguments: vectorSets, [ElementType.float32, .bfloat16])
    func attentionToAKeyThatIsNotFiniteIsNaN(_ set: String, _ element: ElementType) throws {
        for value in [Float.nan, .infinity] {
            let (backend, memory) = (try backend(set), Workspace())
            let shape = AttentionShape(batch: 2, tokens: 21, heads: 1, headWidth: 8)
            func take(_ values: FloatSlice) -> ActivationSlice {
                let slice = memory.take(values.count, element)
                backend.convert(slice, values)
                return slice
            }
            // Token 13 of the first sequence, a number of its key.
            let inputs = randomSlice(shape.qkvCount, seed: 5)
            inputs[13 * 24 + 8 + 3] = value
            let (qkv, dQKV) = (take(inputs), take(zeroSlice(shape.qkvCount)))
            let (y, logSumExp) = (take(zeroSlice(shape.outputCount)), zeroSlice(shape.logSumExpCount))
            let dy = take(randomSlice(shape.outputCount, seed: 7))
            backend.attentionForward(y, logSumExp, qkv, validTokens: nil, shape)
            backend.attentionBackward(dQKV, dy, logSumExp, qkv, validTokens: nil, shape)
            // An infinite score is minus infinity for the queries of the other sign, a key that is left out.
            let isSpoilt = (0..<21).map { row in value.isNaN || qkv.array[row * 24 + 3] > 0 }
            for row in 0..<21 where isSpoilt[row] {
                #expect(areNaN(y.array[row * 8..<(row + 1) * 8]), "\(row)")
            }
            let dValues = (0..<21).flatMap { dQKV.array[$0 * 24 + 16..<($0 + 1) * 24] }
            #expect(areNaN(dValues))
            #expect(areFinite(y.array[(21 * 8)...]))
            #expect(areFinite(dQKV.array[(21 * 24)...]))
        }
    }

    private func expectNaN(_ slice: FloatSlice, only place: Int) {
        let wrong = slice.array.indices.filter { slice[$0].isNaN != ($0 == place) }
        #expect(wrong.isEmpty, "\(place): \(wrong)")
    }
}

/// The contrastive loss, which has an exponential of its own.
@Suite struct NonFiniteContrastiveTests {
    @Test(arguments: [Float.nan, .infinity], [1, 5, 8, 11, 16, 19])
    func aScoreThatIsNotFiniteSpoilsItsRowsStatistics(_ value: Float, _ width: Int) {
        for place in 0..<width {
            let scores = randomSlice(2 * width, seed: 8, scale: 10)
            scores[place] = value
            let rows = ContrastiveKernels.statistics(scores, RowShape(rows: 2, width: width))
            #expect(rows[0].logSumExp.isNaN && rows[0].mean.isNaN && !rows[0].sum.isFinite, "\(place)")
            #expect(rows[1].logSumExp.isFinite && rows[1].mean.isFinite && rows[1].sum.isFinite, "\(place)")
        }
    }

    @Test(arguments: [Float.nan, .infinity]) func itsGradientIsNaN(_ value: Float) {
        for place in 0..<11 {
            let scores = randomSlice(11, seed: 9)
            scores[place] = value
            ContrastiveKernels.gradient(
                scores, rowLogSumExp: FloatBuffer([value]).all, columnLogSumExp: randomSlice(11, seed: 10),
                firstPair: 0, smoothing: 0.1, factor: 1, RowShape(rows: 1, width: 11))
            #expect(!areFinite(scores.array), "\(place)")
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func rowsOfUnitLengthStaySpoilt(_ value: Float) {
        let x = FloatBuffer([1, value, 3, 4, 5, 6]).all
        let (y, lengths) = (zeroSlice(6), zeroSlice(2))
        RowNormalization.forward(y, lengths, x, RowShape(rows: 2, width: 3))
        #expect(y[1].isNaN && !lengths[0].isFinite && areFinite(y.array[3...]))
    }
}
