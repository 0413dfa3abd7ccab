import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct MicroBatchTests {
    private func unit(
        _ kind: StageKind, microBatch: Int, decoder: Int? = nil, compute: TestCompute, mixLambda: Double = 1
    ) throws -> (Double, BlockMemory) {
        let fixture = PretrainingFixture(kind)
        var stage = fixture.stage
        (stage.unit, stage.microBatch) = (6, microBatch)
        stage[MAETask.self]?.decoder.microBatch = decoder
        let objective = StageObjective.make(
            plan: fixture.plan, stage: stage, stageIndex: 0, backend: compute.backend, keeps: .everything)
        let gradients = BlockMemory(fixture.table)
        var batch = fixture.randomBatch(6)
        var target = batch.target(as: LabelTarget.self)
        target.mix(lambda: mixLambda)
        batch.target = target
        let loss = try objective.computeUnit(
            batch, globalBatch: 12, weights: fixture.perturbedWeights(), gradients: gradients)
        return (loss, gradients)
    }

    @Test(arguments: [StageKind.mae, .wsp], [1, 2, 3])
    func partsAddUpToTheUnit(_ kind: StageKind, _ size: Int) throws {
        try partsAddUpToTheUnit(kind, size, mixLambda: 1)
    }

    /// A row's partner may be in another part.
    @Test func partsOfMixedSamplesAddUpToTheUnit() throws {
        try partsAddUpToTheUnit(.wsp, 2, mixLambda: 0.7)
    }

    private func partsAddUpToTheUnit(_ kind: StageKind, _ size: Int, mixLambda: Double) throws {
        let (loss, whole) = try unit(kind, microBatch: 6, compute: .oneDNN, mixLambda: mixLambda)
        let parts = try unit(kind, microBatch: size, compute: .oneDNN, mixLambda: mixLambda)
        expect(parts, isNearly: (loss, whole))
    }

    /// The decoder sees more tokens than the encoder and may go through in smaller parts.
    @Test(arguments: [(6, 2), (6, 1), (3, 1)])
    func partsOfTheDecoderAddUpToTheUnit(_ size: Int, _ decoder: Int) throws {
        let whole = try unit(.mae, microBatch: 6, compute: .oneDNN)
        try expect(unit(.mae, microBatch: size, decoder: decoder, compute: .oneDNN), isNearly: whole)
    }

    private func expect(_ sum: (Double, BlockMemory), isNearly unit: (Double, BlockMemory)) {
        let ((partLoss, parts), (loss, whole)) = (sum, unit)
        #expect(abs(loss - partLoss) < 1e-6 * loss)
        for block in whole.buffers.indices where whole.table.blocks[block].isTrainable {
            // Sums of the same terms in another order.
            let error = relativeError(parts.buffers[block].array, whole.buffers[block].array)
            #expect(error < 2e-5, "\(whole.table.blocks[block].name) is off by \(error)")
        }
        #expect(parts.pushed == whole.pushed)
    }
}
