import MawsBase
import MawsProtocol
import MawsWire

/// The run as the protocol's cores know it.
extension RunShape {
    static let slotName = "exp_avg"

    /// Elements of a block: its last chunk is not whole.
    static func elements(_ block: Block) -> Int { (block.chunks - 1) * ShardLayout.chunkLength + 1000 }

    func table(_ stage: Int) -> BlockTable {
        let blocks = stages[stage].blocks.map { block in
            var builder = BlockBuilder("block-\(block.name)", isTrainable: block.isTrainable)
            builder.add("weight-\(block.name)", [Self.elements(block)], decays: true, .zeros)
            return builder.build()
        }
        return BlockTable(blocks: blocks, slots: [WeightSlot(Self.slotName, .fp32, .momentum)])
    }

    func protocolShapes() -> [StageShape] {
        stages.indices.map { index in
            let own = stages[index]
            return StageShape(
                index: StageIndex(UInt32(index)), stepCount: UInt64(own.steps),
                unitsInPhase: own.kind == .exchanging ? [own.units, own.units] : [own.units],
                commits: own.commits, checkpointSteps: own.checkpointSteps.map(UInt64.init),
                checkpointSeconds: checkpointSeconds)
        }
    }

    /// What a unit's rows are for the shards that keep them.
    func sharedRows(_ stage: Int) -> SharedRowsShape {
        guard stages[stage].kind == .exchanging else { return .none }
        return SharedRowsShape(
            units: UInt32(stages[stage].units), pieceBytes: Self.rowBytes, piecesMin: 1, piecesMax: 1)
    }

    static let rowBytes: UInt32 = 64

    /// The chunks of a block that a slice of its elements is.
    static func chunks(_ slice: Range<Int>) -> Range<Int> {
        let first = slice.lowerBound / ShardLayout.chunkLength
        return first..<first + ShardLayout.chunkCount(slice.count)
    }
}
