import MawsBase
import MawsModel
import MawsPlan
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct LiTTableTests {
    private func table(_ kind: StageKind, _ text: TextModelPlan) throws -> BlockTable {
        let fixture = try LiTFixture(kind: kind, templates: "templates.txt", classes: "classes.txt")
        var plan = fixture.plan
        plan.model.text = text
        return StageModel.table(fixture.stage, in: plan)
    }

    private let base = TextModelPlan(
        preset: nil, vocabulary: 250_002, context: 512, width: 768, depth: 12, heads: 12, mlp: 3072, embedding: 512)

    /// 277,453,056: XLMRobertaModel of `xlm-roberta-base` without its pooler.
    @Test func baseSizeHasXLMRsParameterCount() throws {
        let blocks = try table(.lit, base).blocks.filter {
            $0.name == "text.embed" || $0.name.hasPrefix("text.block.")
        }
        #expect(blocks.reduce(0) { $0 + $1.count } == 277_453_056)
    }

    @Test func everyParameterIsNamedAsInTransformersAndTimm() throws {
        let fixture = try LiTFixture()
        let names = fixture.table.blocks.flatMap { $0.entries.map(\.name) }
        let reference = fixture.golden.names.filter { $0.hasPrefix("weight.") }.map { String($0.dropFirst(7)) }
        #expect(names.sorted() == reference)
    }

    @Test func onlyTheImageTowerIsFrozenWhenTrainingAndEverythingIsWhenEvaluating() throws {
        for block in try table(.lit, base).blocks {
            #expect(block.isTrainable == (!block.name.hasPrefix("image.") || block.name == "image.projection"))
        }
        #expect(try table(.zeroshot, base).trainableCount == 0)
    }

    @Test func biasesNormsPositionsAndTheLogitScaleDoNotDecay() throws {
        for entry in try LiTFixture().table.blocks.flatMap(\.entries) {
            let isMatrix = entry.name.hasSuffix("weight") && entry.shape.count > 1
            let isTable = entry.name.contains("position") || entry.name.contains("token_type")
            #expect(entry.decays == (isMatrix && !isTable), "\(entry.name)")
        }
    }
}
