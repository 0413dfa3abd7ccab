import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining

/// The small models of the golden files, their plan, batches and weights.
struct PretrainingFixture {
    static let images = 3
    let plan: Plan
    let stage: StagePlan
    let table: BlockTable

    init(_ kind: StageKind, head: HeadKind = .mlp) {
        let model = ImageModelPlan(
            preset: nil, patch: 4, size: 12, channels: 3, width: 32, depth: 2, heads: 4, mlp: 128,
            mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25])
        self.init(kind, model, decoder: DecoderPlan(width: 24, depth: 1, heads: 2), head: head)
    }

    init(_ kind: StageKind, _ model: ImageModelPlan, decoder: DecoderPlan, head: HeadKind = .mlp) {
        stage = StagePlan(
            task: Self.task(kind, decoder: decoder, head: head), on: "train", batch: 12, unit: 3, epochs: 1)
        plan = Plan(
            run: "run", seed: 7,
            cluster: ClusterPlan(
                isLocal: true, servers: 1, trainers: 1, threads: 1, listen: "127.0.0.1:0",
                heartbeatTimeoutSeconds: 5, leaseSeconds: 5),
            data: [], model: ModelPlan(image: model, text: nil), precision: .fp32, stages: [stage],
            checkpoint: CheckpointPlan(everySeconds: 60, everySteps: nil, keep: 1),
            wire: WirePlan(push: .fp32, gather: .fp32))
        table = StageModel.table(stage, in: plan)
    }

    static func task(_ kind: StageKind, decoder: DecoderPlan, head: HeadKind = .mlp) -> any StageTask {
        switch kind {
        case .mae: MAETask(decoder: decoder)
        case .wsp: WSPTask(labelCount: 11, head: head)
        case .lit: LiTTask(labelSmoothing: 0)
        case .linear: LinearTask(trainSplit: "train")
        default: ZeroShotTask(templates: "", classes: "")
        }
    }

    static func golden(_ name: String) throws -> GoldenTensors {
        guard let folder = Bundle.module.url(forResource: "Golden", withExtension: nil) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try GoldenTensors(contentsOf: folder.appendingPathComponent("\(name).safetensors"))
    }

    /// Every weight of the table from the file's tensors `weight.<name>`, the head's from another where one is given.
    func weights(from golden: GoldenTensors, head: GoldenTensors? = nil) throws -> BlockMemory {
        let memory = BlockMemory(table)
        for (block, buffer) in zip(table.blocks, memory.buffers) {
            for entry in block.entries {
                let file = block.name == "head" ? head ?? golden : golden
                buffer.slice(entry).copy(from: try file.floats("weight.\(entry.name)"))
            }
        }
        return memory
    }

    func batch(_ images: [Float], labels: [[Int]] = []) -> UnitBatch {
        let model = plan.model.image
        let count = images.count / (model.channels * model.size * model.size)
        return UnitBatch(
            slots: (0..<UInt64(count)).map { $0 + 100 }, samples: Array(0..<count),
            inputs: [UnitInput(.image(model), FloatBuffer(images).all)], target: LabelTarget(labels))
    }

    /// Random images with random tags.
    func randomBatch(_ count: Int = images) -> UnitBatch {
        let model = plan.model.image
        return batch(
            randomFloats(count * model.channels * model.size * model.size, seed: 5, scale: 2),
            labels: (0..<count).map { [$0 % 3, 4 + $0 % 5] })
    }

    /// Weights of the first step, but with no zero where a zero would hide a wrong gradient.
    func perturbedWeights() -> BlockMemory {
        let memory = BlockMemory(initial: table, seed: 7)
        for (index, buffer) in memory.buffers.enumerated() {
            let noise = randomFloats(buffer.count, seed: UInt64(index), scale: 0.05)
            for position in 0..<buffer.count { buffer[position] += noise[position] }
        }
        return memory
    }
}

/// Greatest relative error of the gradients of the table's trainable parameters, with its name.
func worstGradient(_ gradients: BlockMemory, _ golden: GoldenTensors) throws -> (name: String, error: Double) {
    var worst = (name: "", error: 0.0)
    for block in gradients.table.blocks where block.isTrainable {
        for entry in block.entries {
            guard let slice = gradients.parameter(entry.name) else { continue }
            let error = relativeError(slice.array, try golden.floats("gradient.\(entry.name)"))
            if !(error <= worst.error) { worst = (entry.name, error) }
        }
    }
    return worst
}

/// The objective of whole units of a stage whose loss is a sum over samples.
enum StageObjective {
    static func make(
        plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: ComputeBackend, keeps: KeptActivations
    ) -> any UnitObjective {
        guard let definition = StageDefinitions.of(stage, in: plan, index: stageIndex) as? any ObjectiveStage else {
            preconditionFailure("the loss of a \(stage.kind.rawValue) stage is no sum over samples")
        }
        return definition.unitObjective(backend, keeps: keeps)
    }
}
