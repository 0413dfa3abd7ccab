import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct LiTObjectiveTests {
    private let fixture: LiTFixture

    init() throws { fixture = try LiTFixture() }

    /// Both phases over the golden batch in units of this many samples.
    private func step(
        _ compute: TestCompute = .reference, unit: Int, keeps: Bool, _ weights: CountedWeights
    ) throws -> (loss: Double, gradients: SummedGradients, images: [Float], texts: [Float]) {
        let objective = LiTObjective(
            plan: fixture.plan, stage: fixture.stage, backend: compute.backend)
        let ranges = stride(from: 0, to: 6, by: unit).map { $0..<$0 + unit }
        let units = try ranges.map { try objective.embed(try fixture.batch($0), weights: weights) }
        let (images, texts) = (units.flatMap(\.imageRows), units.flatMap(\.textRows))
        let all = try objective.embeddings(
            images: FloatBuffer(images).all, texts: FloatBuffer(texts).all, weights: weights)
        let gradients = SummedGradients(fixture.table)
        var loss = 0.0
        for (rows, embedded) in zip(ranges, units) {
            loss += try objective.computeUnit(
                try fixture.batch(rows), unit: keeps ? embedded : nil, all: all, firstRow: rows.lowerBound,
                weights: weights, gradients: gradients)
        }
        return (loss, gradients, images, texts)
    }

    @Test(arguments: [6, 3, 2], TestCompute.allCases)
    func embeddingsLossAndEveryGradientAgreeWithPyTorch(unit: Int, compute: TestCompute) throws {
        let weights = try fixture.weights()
        let result = try step(compute, unit: unit, keeps: true, weights)
        let (images, texts) = (try fixture.golden.floats("image_rows"), try fixture.golden.floats("text_rows"))
        let loss = Double(try fixture.golden.scalar("loss"))
        #expect(relativeError(result.images, images) < compute.tolerance(1e-5))
        #expect(relativeError(result.texts, texts) < compute.tolerance(1e-5))
        #expect(abs(result.loss / loss - 1) < compute.tolerance(1e-5))
        // Cosines are multiplied by 14, and with them what the towers are off: bf16 gets twice the usual bound.
        for (name, values) in result.gradients.parameters {
            // The gradient of the keys' bias is zero: a softmax does not change when all its scores do. What rounding
            // leaves is compared with the gradient of the queries' bias.
            if name.hasSuffix("key.bias") {
                let queries = try fixture.golden.floats("gradient.\(name.replacing("key.bias", with: "query.bias"))")
                let leftover = relativeError(zip(values, queries).map { $0 + $1 }, queries)
                #expect(leftover < compute.tolerance(1e-4, bfloat16: 0.04), "\(name)")
            } else {
                let expected = try fixture.golden.floats("gradient.\(name)")
                #expect(relativeError(values, expected) < compute.tolerance(1e-4, bfloat16: 0.04), "\(name)")
            }
        }
        #expect(weights.held == 0)
    }

    @Test func unitComputedAgainGivesTheSameBits() throws {
        let kept = try step(unit: 2, keeps: true, try fixture.weights())
        let again = try step(unit: 2, keeps: false, try fixture.weights())
        #expect(kept.loss == again.loss)
        #expect(kept.gradients.blocks == again.gradients.blocks)
    }

    @Test(arguments: TestCompute.allCases)
    func fixedViewsGiveTheSameBitsFromKnownFeaturesOrImagesInAnyCompany(compute: TestCompute) throws {
        var stage = fixture.stage
        stage[LiTTask.self]?.fixedViews = 1
        let objective = LiTObjective(plan: fixture.plan, stage: stage, backend: compute.backend)
        let weights = try fixture.weights()
        let together = try objective.embed(try fixture.batch(0..<6), weights: weights)
        let alone = try (0..<6).map { try objective.embed(try fixture.batch($0..<$0 + 1), weights: weights) }
        #expect(alone.flatMap(\.features.array) == together.features.array)
        // Half of the features known, the images of the others at hand.
        let whole = try fixture.batch(0..<6)
        let features = UnitInput(whole[.features].specification, together.features)
        let mixed = UnitBatch(
            slots: whole.slots, samples: whole.samples,
            inputs: [features.rows([0, 2, 4]), whole[.image].rows([1, 3, 5]), whole[.text]])
        let half = try objective.embed(mixed, weights: weights)
        let known = try objective.embed(mixed.substituting(features), weights: weights)
        for unit in [half, known] {
            #expect(unit.features.array == together.features.array)
            #expect(unit.imageRows == together.imageRows && unit.textRows == together.textRows)
        }
        let ordinary = try LiTObjective(
            plan: fixture.plan, stage: fixture.stage, backend: compute.backend
        ).embed(try fixture.batch(0..<6), weights: weights)
        #expect(relativeError(together.imageRows, ordinary.imageRows) < compute.tolerance(1e-5))
    }

    @Test func everyTrainableBlockIsPushedOnceLastFirst() throws {
        let order = try step(unit: 6, keeps: true, try fixture.weights()).gradients.order
        let trainable = fixture.table.blocks.indices.filter { fixture.table.blocks[$0].isTrainable }
        #expect(order == trainable.reversed())
        #expect(fixture.table.blocks.filter { !$0.isTrainable }.allSatisfy { $0.name.hasPrefix("image.") })
    }
}

extension UnitInput {
    /// The same of these rows alone.
    fileprivate func rows(_ rows: [Int]) -> UnitInput {
        let each = specification.count
        return UnitInput(
            specification, rows: rows, FloatBuffer(rows.flatMap { floats.part($0 * each, each).array }).all)
    }
}
