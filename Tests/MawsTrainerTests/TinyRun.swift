import Foundation
import MawsBase
import MawsData
import MawsDataTools
import MawsImages
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTraining
import MawsTransport

/// A data set of a few drawn images, a plan with a stage of every kind, and certificates, in a folder of its own.
final class TinyRun: Sendable {
    let folder: String
    let plan: Plan

    init() throws {
        folder = NSTemporaryDirectory() + "maws-trainer-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try CertificateAuthority.make(folder: folder + "/certificates", cluster: "tiny")
        try Self.pack("train", count: 40, into: folder)
        try Self.pack("test", count: 10, into: folder)
        let tokenizer = try TokenizerTrainer(output: folder + "/tokens.model")
        for index in 0..<40 { try tokenizer.add(Self.caption(index)) }
        try tokenizer.train(size: 40)
        try "a photo of a {}.\n".write(toFile: folder + "/templates.txt", atomically: true, encoding: .utf8)
        plan = try PlanLoader.parse(Self.yaml(folder), file: "tiny.yaml", cores: 1) { path in
            try Tokenizer(model: path, context: 8).vocabularySize
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func identity(_ role: Role) throws -> TLSIdentity { try TLSIdentity(folder: folder + "/certificates", role: role) }

    func stageIndex(_ kind: StageKind) -> StageIndex {
        StageIndex(UInt32(plan.stages.firstIndex { $0.kind == kind } ?? 0))
    }

    func stage(_ kind: StageKind) -> StagePlan { plan.stages[Int(stageIndex(kind).value)] }

    func table(_ kind: StageKind) -> BlockTable { StageModel.table(stage(kind), in: plan) }

    /// Initial weights of every block of a stage.
    func weights(_ kind: StageKind) -> [FloatBuffer] {
        table(kind).blocks.map { block in
            let buffer = FloatBuffer(count: block.count)
            for entry in block.entries {
                InitialWeights.fill(entry, seed: plan.seed, stage: stageIndex(kind).value, into: buffer)
            }
            return buffer
        }
    }

    /// The same with a value in the first weight of the first transformer block that is not finite.
    func weights(_ kind: StageKind, spoilt value: Float) -> [FloatBuffer] {
        let weights = weights(kind)
        weights[1][0] = value
        return weights
    }

    func loader(_ kind: StageKind) throws -> BatchLoader {
        try BatchLoader(plan: plan, stage: stage(kind), stageIndex: stageIndex(kind).value, root: ".")
    }

    private static func caption(_ index: Int) -> String { "a photo of a \(names[index % 2]) number \(index)" }

    private static let names = ["coat", "bag"]

    private static func pack(_ name: String, count: Int, into folder: String) throws {
        let source = folder + "/" + name
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
        var lines = ""
        for index in 0..<count {
            var random = CounterRandom(seed: 5, purpose: .test, element: UInt64(count * 1000 + index))
            let pixels = (0..<144).map { pixel in
                UInt8(truncatingIfNeeded: random.next() % 120 + (index % 2 == 0 ? UInt32(pixel % 12) * 8 : 0))
            }
            let image = PixelImage(width: 12, height: 12, channels: 1, pixels: pixels)
            try Data(PNGEncoder.encode(image)).write(to: URL(fileURLWithPath: "\(source)/\(index).png"))
            lines +=
                "{\"image\": \"\(index).png\", \"caption\": \"\(caption(index))\", "
                + "\"hashtags\": [\"\(names[index % 2])\", \"style\"], \"class\": \"\(names[index % 2])\"}\n"
        }
        try lines.write(toFile: source + "/list.jsonl", atomically: true, encoding: .utf8)
        _ = try RowPacker.list(
            source + "/list.jsonl", target: PackTarget(output: folder + "/packed", prefix: name), skipsBadRows: false
        ).pack()
    }

    private static func yaml(_ folder: String) -> String {
        """
        run: \(folder)/run
        seed: 7
        data:
          train:
            shards: \(folder)/packed/train-0000.tar
            vocabulary: \(folder)/packed/train-hashtags.txt
            tokenizer: \(folder)/tokens.model
          test: {shards: \(folder)/packed/test-0000.tar}
        model:
          image: {patch: 4, size: 12, channels: 1, width: 64, depth: 2, heads: 2}
          text: {width: 32, depth: 1, heads: 2, context: 8, embedding: 16}
        stages:
          - mae: {epochs: 1, batch: 8, unit: 4, decoder: {width: 32, depth: 1, heads: 2}, mask_ratio: 0.6}
          - wsp: {epochs: 1, batch: 8, unit: 4, from: mae}
          - linear: {from: wsp, unit: 8}
          - lit: {epochs: 1, batch: 8, unit: 4, image: wsp}
          - zeroshot:
              {from: lit, unit: 6, templates: \(folder)/templates.txt, classes: \(folder)/packed/train-classes.txt}
        """
    }
}

/// Weights at hand, for computing without shards.
final class LocalWeights: WeightSource {
    private let blocks: [FloatBuffer]
    init(_ blocks: [FloatBuffer]) { self.blocks = blocks }
    func gather(_ block: Int) throws -> BlockWeights { BlockWeights(blocks[block]) }
    func release(_ block: Int) {}
}

/// Gradients kept as they come.
final class LocalGradients: GradientSink {
    private(set) var blocks: [Int: [Float]] = [:]
    func push(_ block: Int, _ gradient: FloatBuffer) throws { blocks[block] = gradient.array }
}
