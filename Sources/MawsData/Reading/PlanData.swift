import MawsPlan

/// Every split a plan names, opened: how much there is, and whether two machines have the same.
public struct PlanData: Sendable {
    /// In the order of the plan.
    public let splits: [(name: String, dataset: Dataset)]

    /// - Parameter root: folder that the plan's relative paths are relative to.
    public init(plan: Plan, root: String) throws {
        splits = try plan.data.map { ($0.name, try Dataset($0, root: root)) }
    }

    /// Samples of a split; 0 when the plan has none of this name.
    public func sampleCount(_ name: String) -> Int {
        splits.first { $0.name == name }?.dataset.count ?? 0
    }

    /// The fingerprint of every split: `train=<hex> test=<hex>`. Equal where all samples have equal names and sizes.
    public var fingerprint: String {
        splits.map { "\($0.name)=\($0.dataset.fingerprint)" }.joined(separator: " ")
    }
}
