import Foundation
import MawsBase
import MawsKernels
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct LiTEmbeddingsTests {
    private let width = 24
    private let golden: GoldenTensors

    init() throws { golden = try LiTFixture.golden("clip") }

    private func embeddings(logitScale: Float? = nil) throws -> LiTEmbeddings {
        LiTEmbeddings(
            images: FloatBuffer(try golden.floats("images")).all, texts: FloatBuffer(try golden.floats("texts")).all,
            width: width, logitScale: try logitScale ?? golden.scalar("logit_scale"), smoothing: 0.1,
            backend: ComputeBackend.reference(threads: 1))
    }

    /// Loss, gradients of all image and text rows, and of the logit scale, from units of this many rows.
    private func sum(
        _ all: LiTEmbeddings, unit: Int
    ) -> (loss: Double, images: [Float], texts: [Float], logitScale: Double) {
        let shares = stride(from: 0, to: all.count, by: unit).map {
            all.share(of: $0..<min($0 + unit, all.count), in: Workspace())
        }
        return (
            shares.reduce(0) { $0 + $1.loss }, shares.flatMap(\.dImages.array), shares.flatMap(\.dTexts.array),
            shares.reduce(0) { $0 + $1.dLogitScale }
        )
    }

    @Test(arguments: [29, 16, 5, 1])
    func unitsAddUpToTheLossAndGradientsOfTheWholeBatch(unit: Int) throws {
        let all = try embeddings()
        let total = sum(all, unit: unit)
        let (loss, images) = (Double(try golden.scalar("loss")), try golden.floats("gradient.images"))
        let (texts, scale) = (try golden.floats("gradient.texts"), Double(try golden.scalar("gradient.logit_scale")))
        #expect(abs(total.loss / loss - 1) < 1e-5)
        #expect(abs(all.loss / loss - 1) < 1e-5)
        #expect(relativeError(total.images, images) < 2e-5)
        #expect(relativeError(total.texts, texts) < 2e-5)
        #expect(abs(total.logitScale / scale - 1) < 1e-4)
    }

    /// The factor's clamp is for a parameter that grows: one that is no number has no loss.
    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func aLogitScaleThatIsNotFiniteHasNoLoss(value: Float) throws {
        #expect(try embeddings(logitScale: value).loss.isNaN)
        #expect(try embeddings(logitScale: 1000).loss.isFinite)
    }

    @Test func batchLargerThanASlabGivesTheLossOfItsFormula() throws {
        // 2,500 rows need two slabs of at most 4 Mi scores. With all texts equal every row's loss is log B.
        let count = 2_500
        var random = CounterRandom(seed: 1, purpose: .test, element: 0)
        let images = FloatBuffer(count: count * 4)
        let texts = FloatBuffer(count: count * 4)
        for row in 0..<count {
            let angle = 2 * Double.pi * random.uniformDouble()
            images[row * 4] = Float(cos(angle))
            images[row * 4 + 1] = Float(sin(angle))
            texts[row * 4 + 2] = 1
        }
        let all = LiTEmbeddings(
            images: images.all, texts: texts.all, width: 4, logitScale: 1, smoothing: 0.1,
            backend: ComputeBackend.reference(threads: 1))
        #expect(abs(all.loss - log(Double(count))) < 1e-5)
        #expect(sum(all, unit: 1_000).images.allSatisfy { abs($0) < 1e-7 })
    }

    @Test func factorStopsAtAHundred() throws {
        let (capped, above) = (try embeddings(logitScale: Float(log(100.0)) + 1e-6), try embeddings(logitScale: 6))
        #expect(abs(capped.loss - above.loss) < 1e-9)
    }

    @Test func atTheClampOnlyAGradientThatPointsBackIsKept() throws {
        // Perfect pairs: a larger factor lowers the loss without smoothing, and raises it with smoothing.
        let rows = FloatBuffer((0..<16).map { $0 % 5 == 0 ? 1 : 0 })
        func gradient(smoothing: Float, logitScale: Float) -> Double {
            let all = LiTEmbeddings(
                images: rows.all, texts: rows.all, width: 4, logitScale: logitScale, smoothing: smoothing,
                backend: ComputeBackend.reference(threads: 1))
            return sum(all, unit: 2).logitScale
        }
        #expect(gradient(smoothing: 0, logitScale: 1) < 0)
        #expect(gradient(smoothing: 0, logitScale: 5) == 0)
        #expect(gradient(smoothing: 0.1, logitScale: 5) > 0)
    }

    @Test func gradientsAgreeWithFiniteDifferences() throws {
        let images = FloatBuffer(try golden.floats("images"))
        let texts = FloatBuffer(try golden.floats("texts"))
        let scale = FloatBuffer([2])
        func embeddings() -> LiTEmbeddings {
            LiTEmbeddings(
                images: images.all, texts: texts.all, width: width, logitScale: scale[0], smoothing: 0.1,
                backend: ComputeBackend.reference(threads: 1))
        }
        let all = embeddings()
        let share = all.share(of: 0..<all.count, in: Workspace())
        let gradients = [
            (images, share.dImages.array), (texts, share.dTexts.array), (scale, [Float(share.dLogitScale)]),
        ]
        for (values, gradient) in gradients {
            let numeric = directionalDerivative(
                of: { embeddings().loss }, at: values.all, along: unitDirection(gradient))
            #expect(abs(numeric / innerProduct(gradient, gradient).squareRoot() - 1) < 2e-3)
        }
    }
}
