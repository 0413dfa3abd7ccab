import MawsData
import MawsModel
import MawsPlan

extension TextBatch {
    /// - Parameter input: token ids, [captions, context].
    init(_ input: UnitInput) { self.init(tokens: input.integers, context: input.specification.count) }
}
