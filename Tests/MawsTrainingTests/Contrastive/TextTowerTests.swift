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
        guard let text = fixture.plan.model.text else { throw CancellationError() }
        tower = TextTower(text, table: fixture.table, backend: fixture.backend)
    }

    private func batch() throws -> TextBatch { TextBatch(tokens: try fixture.tokens(), context: LiTFixture.context) }

    @Test func hiddenStateOfTheFirstTokenAgreesWithTransformers() throws {
        let weights = try fixture.weights()
        let begin = try tower.forward(try batch(), weights: weights).begin
        let expected = try fixture.golden.floats("hidden")
        #expect(relativeError(begin.array, expected) < 1e-5)
        #expect(weights.held == 0)
    }

    @Test func paddingDoesNotReachTheOutput() throws {
        let weights = try fixture.weights()
        let short: [Int32] = [0, 9, 17, 2]
        let alone = try tower.forward(TextBatch(tokens: short, context: 4), weights: weights).begin.array
        let padded = try tower.forward(
            TextBatch(tokens: short + [1, 1] + [0, 5, 6, 7, 8, 2], context: 6), weights: weights
        ).begin.array
        #expect(relativeError(Array(padded[..<16]), alone) < 1e-6)
    }

    @Test func positionsBeginAtTwoAndSkipPadding() {
        let batch = TextBatch(tokens: [0, 5, 2, 1, 1, 0, 5, 6, 2, 1], context: 5)
        #expect(batch.tokens == 4)
        #expect(batch.positions == [2, 3, 4, 1, 2, 3, 4, 5])
        #expect(batch.identifiers == [0, 5, 2, 1, 0, 5, 6, 2])
        #expect(batch.validTokens == [3, 4])
    }

    /// Embedding, masked attention, perceptron and norms, each parameter by itself, against central differences of
    /// Σ r · begin for a random r.
    @Test func everyGradientAgreesWithFiniteDifferences() throws {
        let weights = try fixture.weights()
        let batch = try batch()
        let direction = FloatBuffer(count: batch.count * 16)
        var random = CounterRandom(seed: 2, purpose: .test, element: 0)
        for index in 0..<direction.count { direction[index] = random.uniform() - 0.5 }
        func value() throws -> Double {
            let begin = try tower.forward(batch, weights: weights).begin
            return (0..<begin.count).reduce(0.0) { $0 + Double(begin[$1]) * Double(direction[$1]) }
        }
        let gradients = SummedGradients(fixture.table)
        try tower.backward(direction, tower.forward(batch, weights: weights), weights: weights, gradients: gradients)
        for block in gradients.order {
            for entry in fixture.table.blocks[block].entries where !entry.name.hasSuffix("key.bias") {
                let slice = weights.blocks[block].slice(entry)
                let saved = slice.array
                let gradient = Array((gradients.blocks[block] ?? [])[entry.range])
                let numeric = try directionalDerivative(saved, along: gradient, step: 2e-2) {
                    slice.copy(from: $0)
                    return try value()
                }
                slice.copy(from: saved)
                #expect(abs(numeric.difference / numeric.slope - 1) < 1e-2, "\(entry.name)")
            }
        }
    }
}
