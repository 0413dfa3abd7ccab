import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsSum
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct StageMemoryTests {
    private final class NoGradients: GradientSink {
        func push(_ block: Int, _ gradient: FloatBuffer) {}
        func push(_ block: Int, _ gradient: SparseGradient) {}
    }

    /// Bytes that a unit and its packed weights take when it is really computed, on one thread.
    private func measured(
        _ plan: Plan, _ stage: StagePlan, _ compute: TestCompute, _ keeps: KeptActivations, _ keepsPackedWeights: Bool
    ) throws -> Int {
        let tally = BufferTally(rehearses: false)
        return try tally.run {
            let weights = BlockMemory(
                initial: StageModel.table(stage, in: plan), seed: 1, keepsPackedWeights: keepsPackedWeights)
            let batch = Self.batch(plan, stage)
            let before = tally.liveByteCount
            let backend = compute.backend
            guard stage.task is LiTTask else {
                let objective = StageObjective.make(
                    plan: plan, stage: stage, stageIndex: 0, backend: backend, keeps: keeps)
                _ = try objective.computeUnit(
                    batch, globalBatch: stage.batch, weights: weights, gradients: NoGradients())
                return tally.peakByteCount - before
            }
            let objective = LiTObjective(plan: plan, stage: stage, backend: backend, keeps: keeps)
            let unit = try objective.embed(batch, weights: weights)
            let all = try objective.embeddings(
                images: FloatBuffer(unit.imageRows).all, texts: FloatBuffer(unit.textRows).all, weights: weights)
            _ = try objective.computeUnit(
                batch, unit: unit, all: all, firstRow: 0, weights: weights, gradients: NoGradients())
            return tally.peakByteCount - before
        }
    }

    private static func batch(_ plan: Plan, _ stage: StagePlan) -> UnitBatch {
        let inputs = stage.inputs(in: plan).map { input in
            let total = input.standsFor == nil ? stage.unit * input.count : 0
            return input.element == .float32
                ? UnitInput(input, FloatBuffer(randomFloats(total, seed: 3, scale: 1)).all)
                : UnitInput(input, (0..<total).map { 2 + Int32($0 % 498) })
        }
        return UnitBatch(
            slots: (0..<UInt64(stage.unit)).map { $0 }, samples: Array(0..<stage.unit), inputs: inputs,
            target: LabelTarget((0..<stage.unit).map { [$0 % 11] }))
    }

    private static func plan(_ kind: StageKind, unit: Int, microBatch: Int? = nil) -> Plan {
        let image = ImageModelPlan(
            preset: nil, patch: 4, size: 32, channels: 3, width: 96, depth: 3, heads: 3, mlp: 384, mean: [0, 0, 0],
            std: [1, 1, 1])
        var plan = PretrainingFixture(.mae, image, decoder: DecoderPlan(width: 64, depth: 2, heads: 2)).plan
        plan.stages[0].task = PretrainingFixture.task(kind, decoder: DecoderPlan(width: 64, depth: 2, heads: 2))
        plan.model.text = TextModelPlan(
            preset: nil, vocabulary: 500, context: 40, width: 96, depth: 3, heads: 3, mlp: 384, embedding: 64)
        (plan.stages[0].unit, plan.stages[0].batch) = (unit, unit)
        plan.stages[0].microBatch = microBatch ?? unit
        return plan
    }

    private func foreseen(
        _ plan: Plan, _ compute: TestCompute, _ keeps: KeptActivations, keepsPackedWeights: Bool = true
    ) throws -> StageMemory {
        var plan = plan
        plan.precision = compute == .oneDNNBFloat16 ? .bf16 : .fp32
        return try StageMemory(
            plan: plan, stage: plan.stages[0], compute: compute == .reference ? .reference : .onednn, threads: 1,
            keeps: keeps, keepsPackedWeights: keepsPackedWeights)
    }

    @Test(arguments: [StageKind.mae, .wsp, .lit], TestCompute.allCases)
    func aUnitTakesWhatItsRehearsalSaid(_ kind: StageKind, _ compute: TestCompute) throws {
        for (keeps, keepsPackedWeights) in [(KeptActivations.everything, true), (.everything, false), (.inputs, false)]
        {
            let plan = Self.plan(kind, unit: 20)
            let memory = try foreseen(plan, compute, keeps, keepsPackedWeights: keepsPackedWeights)
            let values = 4 * StageModel.table(plan.stages[0], in: plan).parameterCount
            let predicted = memory.unitBytes + memory.weightBytes - values
            let taken = try measured(plan, plan.stages[0], compute, keeps, keepsPackedWeights)
            #expect(abs(Double(predicted) / Double(taken) - 1) < 0.02, "\(keeps): \(predicted) for \(taken)")
        }
    }

    @Test func whatAReportShowsOfAStageTakesWhatWasForeseen() throws {
        let plan = Self.plan(.mae, unit: MAEStage.shownImages)
        let stage = plan.stages[0]
        let table = StageModel.table(stage, in: plan)
        let tally = BufferTally(rehearses: false)
        let taken = try tally.run {
            let weights = BlockMemory(initial: table, seed: 1)
            let batch = Self.batch(plan, stage)
            let before = tally.liveByteCount
            let objective = MAEObjective(
                plan: plan, stage: stage, stageIndex: 0, backend: TestCompute.reference.backend, keeps: .nothing)
            _ = try objective.reconstruct(batch, weights: weights)
            return tally.peakByteCount - before
        }
        let gathered = 4 * (table.blocks.map(\.count).max() ?? 0)
        let foreseen = try StageDefinitions.of(stage, in: plan).reportBytes() - gathered
        #expect(abs(Double(foreseen) / Double(taken) - 1) < 0.05, "\(foreseen) for \(taken)")
        let other = Self.plan(.wsp, unit: 8)
        #expect(try StageDefinitions.of(other.stages[0], in: other).reportBytes() == 0)
    }

    /// What is timed is a trainer's steady state.
    @Test(arguments: [StageKind.mae, .wsp, .lit, .linear], [false, true])
    func aTrialThatWasComputedOnceMakesNoMoreBuffers(_ kind: StageKind, _ repeatsEmbedding: Bool) throws {
        let tally = BufferTally(rehearses: false)
        try tally.run {
            let plan = Self.plan(kind, unit: 20)
            let trial = StageTrial(
                plan: plan, stage: plan.stages[0], batch: Self.batch(plan, plan.stages[0]),
                backend: TestCompute.oneDNNBFloat16.backend, repeatsEmbedding: repeatsEmbedding)
            try trial.compute(units: 2)
            let bytes = tally.peakByteCount
            #expect(bytes > 4 * StageModel.table(plan.stages[0], in: plan).parameterCount)
            trial.begin()
            try trial.compute(units: 2)
            #expect(tally.peakByteCount == bytes)
        }
    }

    @Test func aRehearsalTakesNoMemoryOfItsOwn() throws {
        let plan = Self.plan(.wsp, unit: 1 << 14)
        let memory = try foreseen(plan, .oneDNN, .everything)
        // Some 18 GB, which no machine that runs tests has to spare.
        #expect(memory.unitBytes > 15 << 30)
    }

    @Test func microBatchesFormsMadeAgainAndBlocksComputedAgainTakeLess() throws {
        let whole = try foreseen(Self.plan(.mae, unit: 64), .oneDNN, .everything)
        let pooled = try foreseen(Self.plan(.mae, unit: 64), .oneDNN, .everything, keepsPackedWeights: false)
        let again = try foreseen(Self.plan(.mae, unit: 64), .oneDNN, .inputs)
        let parts = try foreseen(Self.plan(.mae, unit: 64, microBatch: 8), .oneDNN, .everything)
        #expect(again.unitBytes < whole.unitBytes * 3 / 4)
        // Each of five blocks is packed twice; one block's stay.
        let packed = whole.weightBytes - pooled.weightBytes
        #expect(pooled.unitBytes - whole.unitBytes < packed / 2)
        #expect(parts.unitBytes < whole.unitBytes / 2)
    }

    @Test func aStageThatDoesNotFitNamesBytesAndTheMicroBatchThatWould() throws {
        var plan = Self.plan(.mae, unit: 256)
        plan.precision = .fp32
        let (stage, limit) = (plan.stages[0], 300 << 20)
        let error = try #require(throws: TooLittleMemory.self) {
            _ = try MemoryChoice(plan: plan, stage: stage, compute: .onednn, threads: 1, memoryBytes: limit)
        }
        let size = try #require(error.fittingMicroBatch)
        #expect(error.neededBytes > limit && "\(error)".contains("`micro_batch: \(size)`"))
        var part = stage
        part.microBatch = size
        _ = try MemoryChoice(plan: plan, stage: part, compute: .onednn, threads: 1, memoryBytes: limit)
        _ = try MemoryChoice(
            plan: plan, stage: stage, compute: .onednn, threads: 1, memoryBytes: error.neededBytes)
    }
}
