import MawsBase
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct PositionTableTests {
    private static func entry(_ side: Int, width: Int = 8) -> ParameterEntry {
        ParameterEntry(
            name: "pos_embed", shape: [1, side * side + 1, width], offset: 0, decays: false,
            initializer: .sineCosine(gridSide: side))
    }

    /// timm's `resample_abs_pos_embed`, torch's arithmetic in another order of sums.
    @Test(arguments: [(3, 5), (5, 3), (4, 7), (7, 4), (7, 14), (14, 9)])
    func aLearnedTableIsInterpolatedAsTimmDoes(_ from: Int, _ side: Int) throws {
        let golden = try PretrainingFixture.golden("positions")
        let source = FloatBuffer(try golden.floats("\(from).\(side).x"))
        let table = FloatBuffer(count: (side * side + 1) * 8)
        PositionTable.fill(table.all, Self.entry(side), from: source.all, Self.entry(from))
        #expect(relativeError(table.array, try golden.floats("\(from).\(side).y")) < 1e-6)
        #expect(Array(table.array[..<8]) == Array(source.array[..<8]))
    }

    @Test func aFixedTableIsComputedAnew() {
        func fixed(_ side: Int) -> FloatBuffer {
            let buffer = FloatBuffer(count: (side * side + 1) * 8)
            InitialWeights.fill(Self.entry(side), seed: 1, stage: 0, into: buffer)
            return buffer
        }
        let table = FloatBuffer(count: 26 * 8)
        PositionTable.fill(table.all, Self.entry(5), from: fixed(3).all, Self.entry(3))
        #expect(table.array == fixed(5).array)
    }

    @Test func nothingElseIsMadeOfAnotherShape() {
        var weight = Self.entry(3)
        weight.initializer = .zeros
        #expect(PositionTable.canBecome(Self.entry(5), from: Self.entry(3)))
        #expect(!PositionTable.canBecome(weight, from: Self.entry(5)))
        #expect(!PositionTable.canBecome(Self.entry(5), from: Self.entry(3, width: 4)))
    }

    /// What a stage at another size takes over of another stage fits but for its tables of positions.
    @Test func aStageAtAnotherSizeFitsTheOneItStartsFrom() {
        let small = PretrainingFixture(.mae)
        var stage = PretrainingFixture(.wsp).stage
        stage.imageSize = 20
        let table = StageModel.table(stage, in: small.plan)
        #expect(
            table.blocks[1].entries[0].shape == [1, 26, 32] && small.table.blocks[1].entries[0].shape == [1, 10, 32])
        #expect(StageModel.otherShape(table, from: small.table) == nil)
    }
}
