import MawsBase
import MawsKernels
import MawsModel
import MawsSum
import MawsTensor
import MawsTraining
import Testing

struct NeighbourSumTests {
    private static let count = 64

    /// What arrives at a sink, whole.
    private final class Arrivals: GradientSink {
        var whole: [[Float]] = []
        var valueCounts: [Int] = []
        func push(_ block: Int, _ gradient: FloatBuffer) { whole.append(gradient.array) }

        func push(_ block: Int, _ gradient: SparseGradient) {
            valueCounts.append(gradient.valueCount)
            whole.append(gradient.dense().array)
        }
    }

    /// The servers' sum of whole gradients.
    private func tree(_ gradients: [[Float]]) -> [Float] {
        if gradients.count == 1 { return gradients[0] }
        let (left, right) = (gradients.prefix(gradients.count / 2), gradients.suffix(gradients.count / 2))
        return zip(tree(Array(left)), tree(Array(right))).map { $0 + $1 }
    }

    private func value(_ random: inout CounterRandom) -> Float {
        random.below(4) == 0 ? -0.0 : (random.uniform() - 0.5) * Float(1 << random.below(12))
    }

    @Test(arguments: [1, 2, 4, 8, 16]) func wholeGradientsAddUpAsInTheTree(units: Int) throws {
        let sum = NeighbourSum(backend: .reference(threads: 1))
        // Twice, on memory that was used before.
        for round in 0..<2 {
            var random = CounterRandom(seed: 3, purpose: .test, element: UInt64(round))
            let gradients = (0..<units).map { _ in (0..<Self.count).map { _ in value(&random) } }
            let arrivals = Arrivals()
            for (index, gradient) in gradients.enumerated() {
                try sum.unit(index, of: units, to: arrivals).push(0, FloatBuffer(gradient))
                #expect(arrivals.whole.count == (index == units - 1 ? 1 : 0))
            }
            #expect(arrivals.whole[0].map(\.bitPattern) == tree(gradients).map(\.bitPattern))
        }
    }

    @Test(arguments: [1, 2, 4, 8, 16]) func sparseGradientsAddUpAsWholeOnesAndStaySparse(units: Int) throws {
        let sum = NeighbourSum(backend: .reference(threads: 1))
        for round in 0..<4 {
            var random = CounterRandom(seed: 4, purpose: .test, element: UInt64(round))
            let gradients = (0..<units).map { _ in sparse(&random) }
            let arrivals = Arrivals()
            for (index, gradient) in gradients.enumerated() {
                try sum.unit(index, of: units, to: arrivals).push(0, gradient)
            }
            let expected = tree(gradients.map { $0.dense().array })
            #expect(arrivals.whole[0].map(\.bitPattern) == expected.map(\.bitPattern))
            let touched = Set(gradients.flatMap { $0.pieces.flatMap(\.range) })
            #expect(arrivals.valueCounts == [touched.count])
        }
    }

    /// Up to two pieces.
    private func sparse(_ random: inout CounterRandom) -> SparseGradient {
        let starts = [random.below(28), 32 + random.below(28)].prefix(random.below(3))
        let pieces = starts.map { start in
            let values = FloatBuffer((0..<1 + random.below(4)).map { _ in value(&random) })
            return SparseGradient.Piece(start: start, values: values.all)
        }
        return SparseGradient(count: Self.count, pieces: Array(pieces))
    }
}
