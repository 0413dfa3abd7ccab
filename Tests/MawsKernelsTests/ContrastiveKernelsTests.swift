import CVectorLoops
import Foundation
import MawsKernels
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct ContrastiveKernelsTests {
    private static let widths = Array(1...40) + [512, 1001]

    @Test func statisticsAreThoseOfDoublePrecision() {
        for width in Self.widths {
            let scores = randomFloats(width, seed: UInt64(width), scale: 30)
            let found = ContrastiveKernels.statistics(FloatBuffer(scores).all, RowShape(rows: 1, width: width))[0]
            let (values, top) = (scores.map(Double.init), Double(scores.max() ?? 0))
            let powers = values.map { exp($0 - top) }
            let sum = powers.reduce(0, +)
            #expect(abs(found.logSumExp - (top + log(sum))) < 1e-6, "\(width)")
            #expect(abs(found.mean - zip(powers, values).reduce(0) { $0 + $1.0 * $1.1 } / sum) < 1e-5, "\(width)")
            #expect(abs(found.sum - values.reduce(0, +)) < 1e-9, "\(width)")
        }
    }

    /// Nothing is fused and sums have an order of their own, so that trainers of several kinds agree.
    @Test(arguments: ["avx2", "avx512"]) func everyInstructionSetHasTheBitsOfTheBaseline(_ set: String) throws {
        guard let loops = maws_contrastive_loops_named(set)?.pointee else { return }
        let baseline = try #require(maws_contrastive_loops_named("baseline")).pointee
        for width in Self.widths {
            for scale in [1, 30, 400] as [Float] {
                let scores = randomFloats(width, seed: UInt64(width), scale: scale)
                let columns = randomFloats(width, seed: 3, scale: scale)
                let results = [loops, baseline].map { loops in
                    var sums = MawsScoreSums()
                    loops.score_sums(&sums, scores, width)
                    var gradient = scores
                    loops.score_gradient(&gradient, 1.5, columns, 0.01, 0.25, width)
                    return [sums.exponentials, sums.weighted, sums.scores, Double(sums.top)].map(\.bitPattern)
                        + gradient.map { UInt64($0.bitPattern) }
                }
                #expect(results[0] == results[1], "\(width)")
            }
        }
    }
}
