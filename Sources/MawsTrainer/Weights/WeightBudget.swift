import MawsBase

/// The memory that a trainer's weights may take.
public struct WeightBudget: Hashable, Sendable {
    /// Bytes of all blocks held at once; one block that is in use and larger is held all the same.
    public var byteCountMax: Int
    /// Bytes of a weight, with the forms of it that the backend prepares for its products.
    public var bytesPerWeight: Int

    public static let unlimited = WeightBudget(byteCountMax: .max, bytesPerWeight: 4)

    public init(byteCountMax: Int, bytesPerWeight: Int) {
        (self.byteCountMax, self.bytesPerWeight) = (byteCountMax, bytesPerWeight)
    }

    func bytes(of block: ParameterBlock) -> Int { bytes(elements: block.count) }
    func bytes(elements: Int) -> Int { elements * bytesPerWeight }

    /// Whether every block of the table may stay.
    func holds(_ table: BlockTable) -> Bool {
        byteCountMax == .max || table.blocks.reduce(0) { $0 + bytes(of: $1) } <= byteCountMax
    }
}
