import MawsTensor

/// The weights of one block of one version, and the forms of them that a backend has prepared for its products.
///
/// One caller at a time prepares; any number of lanes then read.
public final class BlockWeights: @unchecked Sendable {
    public let values: FloatBuffer
    private let shelf: FormShelf?
    private var prepared: [WeightForm: PreparedWeight] = [:]

    /// - Parameter shelf: has the forms' memory while the block is not in use; nil: forms stay with the block.
    public init(_ values: FloatBuffer, formsOn shelf: FormShelf? = nil) {
        (self.values, self.shelf) = (values, shelf)
    }

    public subscript(index: Int) -> Float { values[index] }

    public func slice(_ range: Range<Int>) -> FloatSlice { values.slice(range) }

    /// Another version's values are in the buffer: forms are made again, in the memory that they have.
    public func refresh() {
        for form in prepared.values { form.isFresh = false }
    }

    /// Nobody uses the block for now: forms that do not stay leave their memory to other blocks.
    public func shelveForms() {
        guard let shelf else { return }
        for form in prepared.values { shelf.give(form.memory) }
        prepared.removeAll()
    }

    /// Bytes of the prepared forms that are there.
    public var preparedByteCount: Int { prepared.values.reduce(0) { $0 + $1.memory.count * 4 } }

    func form(_ form: WeightForm) -> PreparedWeight? { prepared[form] }

    /// The memory for a form, made when it is new.
    func memory(for form: WeightForm, floats: Int) -> PreparedWeight {
        if let known = prepared[form] { return known }
        let fresh = PreparedWeight(memory: shelf?.take(floats) ?? FloatBuffer(count: floats))
        prepared[form] = fresh
        return fresh
    }
}

/// Which matrix of a block, and what it is multiplied with.
struct WeightForm: Hashable {
    enum Use {
        /// x · weightᵀ
        case forward
        /// dy · weight
        case backward
    }

    var range: Range<Int>
    var use: Use
}

final class PreparedWeight {
    let memory: FloatBuffer
    var isFresh = false

    init(memory: FloatBuffer) { self.memory = memory }
}

/// A linear layer's weight [outputs, inputs] inside its block.
public struct WeightMatrix: Hashable, Sendable {
    public var range: Range<Int>
    public var outputs: Int
    public var inputs: Int

    public init(_ range: Range<Int>, outputs: Int, inputs: Int) {
        precondition(range.count == outputs * inputs, "a weight of the wrong size")
        (self.range, self.outputs, self.inputs) = (range, outputs, inputs)
    }
}
