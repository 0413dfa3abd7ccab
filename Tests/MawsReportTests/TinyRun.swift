import Foundation
import MawsBase
import MawsCheckpoint
import MawsData
import MawsImages
import MawsModel
import MawsPlan
import MawsRecords
import MawsTensor
import MawsTraining

/// A run of one `mae` stage with its data and its final checkpoint: random weights, twelve images of 8 × 8.
struct TinyRun {
    static let steps = 5

    let folder: String
    let plan: Plan

    /// - Parameters:
    ///   - scratch: an empty folder; the run becomes one inside it.
    ///   - different: of the images, after which they repeat.
    init(in scratch: String, different: Int = 12) throws {
        folder = "\(scratch)/run"
        try FileManager.default.createDirectory(atPath: "\(folder)/results", withIntermediateDirectories: true)
        try Self.writeShard("\(scratch)/test.tar", images: 12, different: different)
        let yaml = """
            run: \(folder)
            seed: 3
            data:
              train: {shards: \(scratch)/test.tar}
              test: {shards: \(scratch)/test.tar}
            model: {image: {size: 8, channels: 1, patch: 4, width: 16, depth: 1, heads: 2}}
            stages:
              - mae: {epochs: 1, batch: 4, unit: 2, decoder: {width: 16, depth: 1, heads: 2}}
              - linear: {from: mae}
            """
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: "\(folder)/plan.yaml"))
        plan = try PlanLoader.load(path: "\(folder)/plan.yaml", tokenizerSize: { _ in 1 })
        try writeRecords()
        try writeCheckpoint()
    }

    private func writeRecords() throws {
        let metrics = SyntheticRun.metrics("mae", from: 1, to: 0.5, steps: Self.steps)
        try SyntheticRun.write(lines: metrics.map(JSONLine.encode), to: "\(folder)/metrics.jsonl")
        let samples = (0..<12).map {
            ClassificationResult.Sample(sample: $0, truth: $0 % 2, prediction: $0 % 3 % 2, score: 0.5, truthScore: 0.4)
        }
        let result = ClassificationResult(
            stage: "zeroshot", split: "test", classNames: ["dark", "light"], samples: samples)
        try SyntheticRun.write(lines: [JSONLine.encode(result)], to: "\(folder)/results/zeroshot.json")
        let summary = StageSummary(
            stage: "mae", kind: "mae", steps: Self.steps, seconds: 2, images: 20, loss: 0.5, bytesPushed: 1,
            bytesGathered: 1, accuracy: nil, weightsHash: nil)
        try SyntheticRun.write(lines: [JSONLine.encode(summary)], to: "\(folder)/stages.jsonl")
    }

    private func writeCheckpoint() throws {
        let table = StageModel.table(plan.stages[0], in: plan)
        let header = CheckpointHeader(
            runID: "run", stageName: "mae", stageIndex: StageIndex(0), step: StepIndex(UInt64(Self.steps)),
            planHash: "", table: table)
        let writer = try CheckpointStore(folder: "\(folder)/checkpoints").begin(header)
        for (index, block) in table.blocks.enumerated() {
            let buffer = FloatBuffer(count: block.count)
            for entry in block.entries { InitialWeights.fill(entry, seed: 3, stage: 0, into: buffer) }
            let zeros = FloatBuffer(count: block.count)
            for part in block.parts {
                let source = part == .weight ? buffer : zeros
                try writer.write(
                    part, block: index, range: 0..<block.count, bytes: UnsafeRawBufferPointer(source.bytes))
            }
        }
        _ = try writer.finish()
    }

    /// A WebDataset tar of grey gradients: `00.png` and its class `00.cls` and so on.
    private static func writeShard(_ path: String, images: Int, different: Int) throws {
        var tar: [UInt8] = []
        for index in 0..<images {
            let pixels = (0..<64).map { UInt8(($0 * 3 + index % different * 20) % 256) }
            let image = PixelImage(width: 8, height: 8, channels: 1, pixels: pixels)
            let name = index < 10 ? "0\(index)" : "\(index)"
            tar +=
                member("\(name).png", try PNGEncoder.encode(image)) + member("\(name).cls", Array("\(index % 2)".utf8))
        }
        try Data(tar + [UInt8](repeating: 0, count: 1024)).write(to: URL(fileURLWithPath: path))
    }

    /// A ustar header and the padded bytes behind it.
    private static func member(_ name: String, _ data: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        let size = String(data.count, radix: 8)
        let fields: [(Int, String)] = [
            (0, name), (100, "0000644"), (108, "0000000"), (116, "0000000"),
            (124, String(repeating: "0", count: 11 - size.count) + size), (136, "00000000000"), (148, "        "),
            (156, "0"), (257, "ustar"), (263, "00"),
        ]
        for (offset, text) in fields { header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8) }
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        let checksum = String(repeating: "0", count: 6 - sum.count) + sum + "\0 "
        header.replaceSubrange(148..<156, with: checksum.utf8)
        return header + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }
}
