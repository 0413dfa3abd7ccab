import Foundation
import MawsBase
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

/// Folder of the files that `Scripts/golden-full-size.py` makes.
private let folder = ProcessInfo.processInfo.environment["MAWS_FULL_SIZE"]

/// The golden tests of the objectives with ViT-B/16 and XLM-R base; `Scripts/check-full-size` runs them.
@Suite(.serialized, .enabled(if: folder != nil)) struct FullSizeTests {
    private func golden(_ name: String) throws -> GoldenTensors {
        try GoldenTensors(contentsOf: URL(fileURLWithPath: "\(folder ?? "")/\(name).safetensors"))
    }

    private func fixture(_ kind: StageKind) throws -> PretrainingFixture {
        let model = try #require(ImageModelPlan.named("vit_b16"))
        return PretrainingFixture(kind, model, decoder: DecoderPlan(width: 512, depth: 8, heads: 16))
    }

    private func expect(
        _ loss: Double, _ gradients: BlockMemory, _ golden: GoldenTensors, _ compute: TestCompute, stage: String
    ) throws {
        let expected = Double(try golden.scalar("loss"))
        let worst = try worstGradient(gradients, golden)
        print(
            "full-size stage=\(stage) compute=\(compute) loss-error=\(abs(loss / expected - 1)) "
                + "worst-gradient=\(worst.error) of \(worst.name)")
        #expect(abs(loss / expected - 1) < compute.tolerance(1e-5))
        #expect(worst.error < compute.tolerance(1e-4, bfloat16: 0.05), "\(worst.name)")
    }

    @Test(arguments: TestCompute.allCases) func maskedAutoencodingEqualsTransformers(_ compute: TestCompute) throws {
        let (fixture, golden) = (try fixture(.mae), try golden("mae"))
        let noise = try golden.floats("noise")
        let masking = Masking(
            noise: (0..<3).map { Array(noise[$0 * 196..<($0 + 1) * 196]) }, perImage: 196,
            ratio: 0.75)
        let objective = MAEObjective(
            plan: fixture.plan, stage: fixture.stage, stageIndex: 0, backend: compute.backend(threads: 2))
        let gradients = BlockMemory(fixture.table)
        let loss = try objective.computeUnit(
            fixture.batch(golden.floats("images")), masking: masking, globalBatch: 3,
            weights: fixture.weights(from: golden), gradients: gradients)
        try expect(loss, gradients, golden, compute, stage: "mae")
    }

    @Test(arguments: TestCompute.allCases) func weakSupervisionEqualsTimm(_ compute: TestCompute) throws {
        let (fixture, golden) = (try fixture(.wsp), try golden("wsp"))
        let tags = try golden.floats("tags")
        let labels = (0..<3).map { row in (0..<11).filter { tags[row * 11 + $0] > 0 } }
        let objective = WSPObjective(
            plan: fixture.plan, stage: fixture.stage, stageIndex: 0, backend: compute.backend(threads: 2))
        let gradients = BlockMemory(fixture.table)
        let loss = try objective.computeUnit(
            fixture.batch(golden.floats("images"), labels: labels), globalBatch: 3,
            weights: fixture.weights(from: golden), gradients: gradients)
        try expect(loss, gradients, golden, compute, stage: "wsp")
    }

    @Test(arguments: TestCompute.allCases) func textTowerEqualsTransformers(_ compute: TestCompute) throws {
        let golden = try golden("lit")
        let fixture = try LiTFixture(fullSize: golden, compute: compute)
        let gradients = BlockMemory(fixture.table)
        let weights = try fixture.weights()
        let objective = LiTObjective(
            plan: fixture.plan, stage: fixture.stage, backend: fixture.backend)
        let batch = try fixture.batch(0..<fixture.stage.unit)
        let unit = try objective.embed(batch, weights: weights)
        let all = try objective.embeddings(
            images: FloatBuffer(unit.imageRows).all, texts: FloatBuffer(unit.textRows).all, weights: weights)
        let loss = try objective.computeUnit(
            batch, unit: unit, all: all, firstRow: 0, weights: weights, gradients: gradients)
        #expect(relativeError(unit.textRows, try golden.floats("text_rows")) < compute.tolerance(1e-5))
        let expected = Double(try golden.scalar("loss"))
        var worst = (name: "", error: 0.0)
        for block in fixture.table.blocks where block.isTrainable {
            // The keys' bias has no gradient: a softmax does not change when all its scores do.
            for entry in block.entries where !entry.name.hasSuffix("key.bias") {
                let slice = try #require(gradients.parameter(entry.name))
                let error = relativeError(slice.array, try golden.floats("gradient.\(entry.name)"))
                if !(error <= worst.error) { worst = (entry.name, error) }
            }
        }
        print(
            "full-size stage=lit compute=\(compute) loss-error=\(abs(loss / expected - 1)) "
                + "worst-gradient=\(worst.error) of \(worst.name)")
        #expect(abs(loss / expected - 1) < compute.tolerance(1e-5))
        #expect(worst.error < compute.tolerance(1e-4, bfloat16: 0.08), "\(worst.name)")
    }
}
