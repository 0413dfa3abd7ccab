import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

/// The small towers of `Scripts/golden-lit.py`.
struct LiTFixture {
    static let embedding = 12
    static let context = 10
    let golden: GoldenTensors
    let plan: Plan
    let stage: StagePlan
    let table: BlockTable
    let backend: ComputeBackend

    init(
        kind: StageKind = .lit, templates: String? = nil, classes: String? = nil, compute: TestCompute = .reference
    ) throws {
        let image = ImageModelPlan(
            preset: nil, patch: 4, size: 8, channels: 3, width: 16, depth: 2, heads: 2, mlp: 64, mean: [0, 0, 0],
            std: [1, 1, 1])
        let text = TextModelPlan(
            preset: nil, vocabulary: 40, context: Self.context, width: 16, depth: 2, heads: 2, mlp: 32,
            embedding: Self.embedding)
        let stage = Self.stage(kind, batch: 6, unit: 2, templates: templates, classes: classes)
        self.init(try Self.golden("lit"), stage, image, text, compute.backend)
    }

    /// ViT-B/16 and XLM-R base with the values of `Scripts/golden-full-size.py`.
    init(fullSize golden: GoldenTensors, compute: TestCompute) throws {
        let image = try #require(ImageModelPlan.named("vit_b16"))
        let text = TextModelPlan(
            preset: nil, vocabulary: 8000, context: 102, width: 768, depth: 12, heads: 12, mlp: 3072, embedding: 512)
        self.init(
            golden, Self.stage(.lit, batch: 4, unit: 4, templates: nil, classes: nil), image, text,
            compute.backend(threads: 2))
    }

    private init(
        _ golden: GoldenTensors, _ stage: StagePlan, _ image: ImageModelPlan, _ text: TextModelPlan,
        _ backend: ComputeBackend
    ) {
        (self.golden, self.stage, self.backend) = (golden, stage, backend)
        plan = Plan(
            run: "run", seed: 1,
            cluster: ClusterPlan(
                isLocal: true, servers: 1, trainers: 1, threads: 1, listen: "127.0.0.1:0", heartbeatTimeoutSeconds: 1,
                leaseSeconds: 1),
            data: [], model: ModelPlan(image: image, text: text), precision: .fp32, stages: [stage],
            checkpoint: CheckpointPlan(everySeconds: 60, everySteps: nil, keep: 1),
            wire: WirePlan(push: .fp32, gather: .fp32))
        table = StageModel.table(stage, in: plan)
    }

    private static func stage(
        _ kind: StageKind, batch: Int, unit: Int, templates: String?, classes: String?
    ) -> StagePlan {
        let task: any StageTask =
            kind == .lit
            ? LiTTask(labelSmoothing: 0.1) : ZeroShotTask(templates: templates ?? "", classes: classes ?? "")
        return StagePlan(task: task, on: "train", batch: batch, unit: unit, epochs: 1)
    }

    static func golden(_ name: String) throws -> GoldenTensors {
        try PretrainingFixture.golden(name)
    }

    func weights() throws -> CountedWeights {
        let memory = BlockMemory(table)
        for (block, buffer) in zip(table.blocks, memory.buffers) {
            for entry in block.entries {
                buffer.slice(entry).copy(from: try golden.floats("weight.\(entry.name)"))
            }
        }
        return CountedWeights(memory)
    }

    func tokens() throws -> [Int32] { try golden.floats("tokens").map { Int32($0) } }

    /// Samples `rows` of the golden batch.
    func batch(_ rows: Range<Int>) throws -> UnitBatch {
        let (model, text) = (plan.model.image, try #require(plan.model.text))
        let pixels = InputSpecification.image(model).count
        let images = try golden.floats("images")[rows.lowerBound * pixels..<rows.upperBound * pixels]
        let tokens = try tokens()[rows.lowerBound * text.context..<rows.upperBound * text.context]
        return UnitBatch(
            slots: rows.map { UInt64($0) }, samples: Array(rows),
            inputs: [
                UnitInput(.features(model)), UnitInput(.image(model), FloatBuffer(Array(images)).all),
                UnitInput(.text(text), Array(tokens)),
            ],
            target: ClassTarget(Array(rows)))
    }
}
