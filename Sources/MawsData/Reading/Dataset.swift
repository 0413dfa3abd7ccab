import MawsPlan

public final class Dataset: Sendable {
    public let count: Int
    /// SHA-256 in hex over the names and sizes of all samples in order.
    public let fingerprint: String

    public init(_ split: DataSplitPlan, root: String) throws { fatalError("filled by the next commit") }

    public func sample(_ index: Int) throws -> Sample { fatalError("filled by the next commit") }
}
