import MawsBase
import MawsModel
import MawsTensor

/// Weights of a whole stage in memory, and a count of what is held.
final class MemoryWeights: WeightSource {
    let table: BlockTable
    var blocks: [FloatBuffer]
    private(set) var held = 0

    init(_ table: BlockTable, fill: (ParameterEntry) throws -> [Float]) rethrows {
        self.table = table
        blocks = try table.blocks.map { block in
            let buffer = FloatBuffer(count: block.count)
            for entry in block.entries { buffer.slice(entry).copy(from: try fill(entry)) }
            return buffer
        }
    }

    func gather(_ block: Int) -> FloatBuffer {
        held += 1
        return blocks[block]
    }

    func release(_ block: Int) { held -= 1 }
}

/// Adds up the gradients pushed by several units.
final class SummedGradients: GradientSink {
    let table: BlockTable
    private(set) var blocks: [Int: [Float]] = [:]
    /// Blocks in the order of the pushes.
    private(set) var order: [Int] = []

    init(_ table: BlockTable) { self.table = table }

    func push(_ block: Int, _ gradient: FloatBuffer) {
        order.append(block)
        let values = gradient.array
        blocks[block] = blocks[block].map { sum in zip(sum, values).map { $0 + $1 } } ?? values
    }

    /// The gradient of each parameter of the trainable blocks, in table order.
    var parameters: [(name: String, values: [Float])] {
        table.blocks.indices.filter { table.blocks[$0].isTrainable }.flatMap { index in
            table.blocks[index].entries.map { ($0.name, Array((blocks[index] ?? [])[$0.range])) }
        }
    }
}
