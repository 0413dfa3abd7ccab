import MawsBase
import MawsData
import MawsPlan
import MawsTensor

/// The plan that is measured: the quickstart's model, or a preset with the paper's decoder and XLM-R base.
struct BenchPlan {
    let plan: Plan
    private(set) var mae: StagePlan
    private(set) var wsp: StagePlan
    let lit: StagePlan
    let linear: StagePlan
    private static let labelCount = 1000

    /// Nil when there is no preset of that name.
    /// - Parameters:
    ///   - microBatch: of `mae` and `wsp`; the unit unless given.
    ///   - decoderMicroBatch: of `mae`'s decoder; as the encoder's unless given.
    init?(preset: String?, unit: Int, units: Int = 1, microBatch: Int? = nil, decoderMicroBatch: Int? = nil) {
        var model = ImageModelPlan(
            preset: nil, patch: 4, size: 28, channels: 1, width: 128, depth: 4, heads: 4, mlp: 512, mean: [0.5],
            std: [0.5])
        var decoder = DecoderPlan(width: 64, depth: 2, heads: 2)
        var text = TextModelPlan(
            preset: nil, vocabulary: 1000, context: 32, width: 128, depth: 2, heads: 4, mlp: 512, embedding: 128)
        if let preset {
            guard let named = ImageModelPlan.named(preset),
                let base = TextModelPlan.named("xlmr_base", imageWidth: named.width)
            else { return nil }
            (model, decoder, text) = (named, DecoderPlan(width: 512, depth: 8, heads: 16), base)
            // The paper's 100 tokens between `<s>` and `</s>`.
            text.context = 102
        }
        decoder.microBatch = decoderMicroBatch
        mae = Self.stage(MAETask(decoder: decoder), unit, units: units)
        wsp = Self.stage(WSPTask(labelCount: Self.labelCount, labelSmoothing: 0.1), unit, units: units)
        (mae.microBatch, wsp.microBatch) = (microBatch ?? unit, microBatch ?? unit)
        lit = Self.stage(LiTTask(labelSmoothing: 0.1), unit)
        linear = Self.stage(LinearTask(trainSplit: "train"), unit)
        plan = Plan(
            run: "bench", seed: 1,
            cluster: ClusterPlan(
                isLocal: true, servers: 1, trainers: 1, threads: 1, listen: "127.0.0.1:0",
                heartbeatTimeoutSeconds: 5, leaseSeconds: 5),
            data: [], model: ModelPlan(image: model, text: text), precision: .fp32,
            stages: [mae, wsp, lit, linear],
            checkpoint: CheckpointPlan(everySeconds: 60, everySteps: nil, keep: 1),
            wire: WirePlan(push: .fp32, gather: .fp32))
    }

    /// A unit of random pixels, or features in their place, random tokens that fill the context, and hashtags.
    func batch(_ stage: StagePlan, withFeatures: Bool = false) -> UnitBatch {
        var random = CounterRandom(seed: 1, purpose: .test, element: 0)
        let count = stage.unit
        let inputs = stage.inputs(in: plan).map { input in
            let total = input.standsFor == nil ? count * input.count : 0
            return switch input.element {
            case .float32: UnitInput(input, FloatBuffer((0..<total).map { _ in 2 * random.uniform() - 1 }).all)
            case .int32(let range):
                UnitInput(
                    input, (0..<total).map { _ in range.lowerBound + Int32(random.uniform() * Float(range.count - 1)) })
            }
        }
        let labels = LabelTarget((0..<count).map { [$0 % Self.labelCount] })
        let batch = UnitBatch(
            slots: (0..<UInt64(count)).map { $0 }, samples: Array(0..<count), inputs: inputs, target: labels)
        guard withFeatures else { return batch }
        let features = batch[.features].specification
        return batch.substituting(
            UnitInput(features, FloatBuffer((0..<count * features.count).map { _ in random.uniform() }).all))
    }

    private static func stage(_ task: any StageTask, _ unit: Int, units: Int = 1) -> StagePlan {
        StagePlan(task: task, on: "train", batch: units * unit, unit: unit, epochs: 1)
    }
}
