import MawsBase
import MawsKernels
import MawsModel
import MawsTensor

/// Weights in memory, with a count of the blocks gathered and not yet released.
final class CountedWeights: WeightSource {
    let memory: BlockMemory
    private(set) var held = 0

    init(_ memory: BlockMemory) { self.memory = memory }

    func gather(_ block: Int) -> BlockWeights {
        held += 1
        return memory.gather(block)
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
