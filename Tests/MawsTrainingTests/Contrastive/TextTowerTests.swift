import Foundation
import MawsBase
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import Testing

@Suite struct TextTowerTests {
    private let fixture: LiTFixture
    private let tower: TextTower

    init() throws {
        fixture = try LiTFixture()
        tower = TextTower(try #require(fixture.plan.model.text), table: fixture.table, backend: fixture.backend)
    }

    private func batch() throws -> TextBatch { TextBatch(tokens: try fixture.tokens(), context: LiTFixture.context) }

    private func forward(
        _ batch: TextBatch, keeps: KeptActivations = .everything, _ weights: CountedWeights
    ) throws -> TextTower.Activations {
        try tower.forward(batch, keeps: keeps, workspace: Workspace(), weights: weights)
    }

    private func backward(
        _ dBegin: FloatBuffer, _ activations: TextTower.Activations, _ weights: CountedWeights,
        _ gradients: SummedGradients
    ) throws {
        let buffers = GradientBuffers(backend: fixture.backend)
        try tower.backward(dBegin.all, activations, weights: weights, gradients: gradients, buffers: buffers)
    }

    @Test func hiddenStateOfTheFirstTokenAgreesWithTransformers() throws {
        let weights = try fixture.weights()
        let begin = try forward(try batch(), weights).begin
        let expected = try fixture.golden.floats("hidden")
        #expect(relativeError(begin.array, expected) < 1e-5)
        #expect(weights.held == 0)
    }

    @Test func paddingDoesNotReachTheOutput() throws {
        let weights = try fixture.weights()
        let short: [Int32] = [0, 9, 17, 2]
        let alone = try forward(TextBatch(tokens: short, context: 4), weights).begin.array
        let padded = try forward(TextBatch(tokens: short + [1, 1] + [0, 5, 6, 7, 8, 2], context: 6), weights).begin
            .array
        #expect(relativeError(Array(padded[..<16]), alone) < 1e-6)
    }

    @Test func positionsBeginAtTwoAndSkipPadding() {
        let batch = TextBatch(tokens: [0, 5, 2, 1, 1, 0, 5, 6, 2, 1], context: 5)
        #expect(batch.tokens == 4)
        #expect(batch.positions == [2, 3, 4, 1, 2, 3, 4, 5])
        #expect(batch.identifiers == [0, 5, 2, 1, 0, 5, 6, 2])
        #expect(batch.validTokens == [3, 4])
    }

    @Test func layersComputedAgainGiveTheSameBits() throws {
        let weights = try fixture.weights()
        let direction = FloatBuffer(randomFloats(try batch().count * 16, seed: 4))
        let gradients = try [KeptActivations.inputs, .everything].map { keeps in
            let gradients = SummedGradients(fixture.table)
            try backward(direction, forward(batch(), keeps: keeps, weights), weights, gradients)
            return gradients.blocks
        }
        #expect(gradients[0] == gradients[1])
        #expect(weights.held == 0)
    }

    /// Embedding, masked attention, mlp and norms, each parameter by itself, against central differences of
    /// Σ r · begin for a random r.
    @Test func everyGradientAgreesWithFiniteDifferences() throws {
        let weights = try fixture.weights()
        let batch = try batch()
        let direction = FloatBuffer(randomFloats(batch.count * 16, seed: 2, scale: 0.5))
        func value() throws -> Double {
            let begin = try forward(batch, weights).begin
            return innerProduct(begin.array, direction.array)
        }
        let gradients = SummedGradients(fixture.table)
        try backward(direction, forward(batch, weights), weights, gradients)
        for block in gradients.order {
            for entry in fixture.table.blocks[block].entries where !entry.name.hasSuffix("key.bias") {
                let gradient = Array((gradients.blocks[block] ?? [])[entry.range])
                let numeric = try directionalDerivative(
                    of: value, at: weights.memory.buffers[block].slice(entry), along: unitDirection(gradient),
                    step: 2e-2)
                let slope = innerProduct(gradient, gradient).squareRoot()
                #expect(abs(numeric / slope - 1) < 1e-2, "\(entry.name)")
            }
        }
    }
}
