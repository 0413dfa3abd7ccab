import MawsTensor

/// The weights of one block of one version, and what a backend packed of them for its products.
///
/// One caller at a time packs; any number of threads then read.
package final class BlockWeights: @unchecked Sendable {
    package let values: FloatBuffer
    private let pool: PackedWeightPool?
    private var packed: [PackedWeightKey: PackedWeight] = [:]

    /// - Parameter pool: has the packed weights' memory while the block is not in use; nil: they stay with the block.
    package init(_ values: FloatBuffer, pool: PackedWeightPool? = nil) {
        (self.values, self.pool) = (values, pool)
    }

    package subscript(index: Int) -> Float { values[index] }

    package func slice(_ range: Range<Int>) -> FloatSlice { values.slice(range) }

    /// Another version's values are in the buffer: they are packed again, in the memory that is there.
    package func refresh() {
        for weight in packed.values { weight.isFresh = false }
    }

    /// Nobody uses the block for now: packed weights that do not stay leave their memory to other blocks.
    package func releasePackedWeights() {
        guard let pool else { return }
        for weight in packed.values { pool.give(weight.memory) }
        packed.removeAll()
    }

    /// Bytes of the packed weights that are there.
    package var packedByteCount: Int { packed.values.reduce(0) { $0 + $1.memory.count * 4 } }

    func packedWeight(_ key: PackedWeightKey) -> PackedWeight? { packed[key] }

    /// The memory for a packed weight, made when it is new.
    func memory(for key: PackedWeightKey, floats: Int) -> PackedWeight {
        if let known = packed[key] { return known }
        let fresh = PackedWeight(memory: pool?.take(floats) ?? FloatBuffer(count: floats))
        packed[key] = fresh
        return fresh
    }
}

/// Which matrix of a block, and what it is multiplied with.
struct PackedWeightKey: Hashable {
    enum Use {
        /// x · weightᵀ
        case forward
        /// dy · weight
        case backward
    }

    var range: Range<Int>
    var use: Use
}

final class PackedWeight {
    let memory: FloatBuffer
    var isFresh = false

    init(memory: FloatBuffer) { self.memory = memory }
}

/// A linear layer's weight [outputs, inputs] inside its block.
package struct WeightMatrix: Hashable, Sendable {
    package var range: Range<Int>
    package var outputs: Int
    package var inputs: Int

    package init(_ range: Range<Int>, outputs: Int, inputs: Int) {
        precondition(range.count == outputs * inputs, "a weight of the wrong size")
        (self.range, self.outputs, self.inputs) = (range, outputs, inputs)
    }
}
