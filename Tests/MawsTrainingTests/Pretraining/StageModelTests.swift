import MawsBase
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct StageModelTests {
    /// The paper's counts, in millions, of towers with neither head nor decoder. Its ViT-L is given as 307 M where the
    /// parameters of Dosovitskiy et al.'s ViT-L/16 come to 303 M; the rest agree to within half a percent.
    @Test(arguments: [
        ("vit_b16", 86.0, 0.005), ("vit_l16", 307, 0.013), ("vit_h14", 632, 0.005), ("vit_2b14", 1890, 0.005),
        ("vit_6.5b14", 6440, 0.005),
    ]) func presetsHaveThePapersParameterCounts(_ name: String, _ millions: Double, _ tolerance: Double) throws {
        let model = try #require(ImageModelPlan.named(name))
        let count = Double(StageModel.imageTower(model).parameterCount) / 1e6
        #expect(abs(count - millions) <= tolerance * millions, "\(name) has \(count) million parameters")
    }

    @Test func entriesOfABlockLieBackToBack() {
        for kind in [StageKind.mae, .wsp, .linear] {
            for block in PretrainingFixture(kind).table.blocks {
                var end = 0
                for entry in block.entries {
                    #expect(entry.offset == end)
                    end += entry.count
                }
            }
        }
    }

    /// A table of positions for images of another size would begin anew, and nobody would know.
    @Test func aParameterThatTheSourceHasInAnotherShapeIsNamedUnderBothOfItsNames() throws {
        let mae = PretrainingFixture(.mae).table
        #expect(StageModel.otherShape(PretrainingFixture(.wsp).table, from: mae) == nil)
        for prefix in ["", "image."] {
            var source = mae
            for (block, entry) in [(0, 0), (1, 0)] {
                source.blocks[block].entries[entry].shape.append(2)
                source.blocks[block].entries[entry].name = prefix + mae.blocks[block].entries[entry].name
            }
            let (wanted, found) = try #require(StageModel.otherShape(PretrainingFixture(.wsp).table, from: source))
            #expect(wanted.name == mae.blocks[0].entries[0].name)
            #expect(wanted.shape == mae.blocks[0].entries[0].shape && found.shape == wanted.shape + [2])
        }
    }

    @Test func everyParameterOfTheTowerIsFoundInThePreviousStage() {
        let names = Set(PretrainingFixture(.mae).table.blocks.flatMap { $0.entries.map(\.name) })
        for block in PretrainingFixture(.wsp).table.blocks where block.name != "head" {
            for entry in block.entries {
                #expect(StageModel.sourceNames(entry.name).contains { names.contains($0) }, "\(entry.name)")
            }
        }
    }

    @Test func positionsAreTheTableOfTransformers() throws {
        let golden = try PretrainingFixture.golden("mae")
        let weights = BlockMemory(initial: PretrainingFixture(.mae).table, seed: 3)
        for name in ["pos_embed", "decoder_pos_embed"] {
            let table = try #require(weights.parameter(name))
            #expect(relativeError(table.array, try golden.floats("weight.\(name)")) < 1e-6)
        }
    }

    @Test func initialWeightsFollowTheirDistributionsAndTheirSeed() throws {
        let table = PretrainingFixture(.wsp).table
        let (first, again, other) = (
            BlockMemory(initial: table, seed: 3), BlockMemory(initial: table, seed: 3),
            BlockMemory(initial: table, seed: 4)
        )
        let name = "blocks.0.mlp.fc1.weight"
        let values = try #require(first.parameter(name)).array
        #expect(values == again.parameter(name)?.array)
        #expect(values != other.parameter(name)?.array)
        let bound = (6 / Float(32 + 128)).squareRoot()
        #expect(values.allSatisfy { abs($0) <= bound })
        let std = (innerProduct(values, values) / Double(values.count)).squareRoot()
        #expect(abs(std - Double(bound) / 3.0.squareRoot()) < 0.05 * Double(bound))
        let token = try #require(first.parameter("cls_token")).array
        #expect(token.allSatisfy { abs($0) < 0.1 } && token.contains { $0 != 0 })
        let head = try #require(first.parameter("head.0.weight")).array
        #expect(head.allSatisfy { abs($0) <= 2 / Float(32).squareRoot() })
        #expect(try #require(first.parameter("blocks.1.norm2.weight")).array.allSatisfy { $0 == 1 })
    }
}
