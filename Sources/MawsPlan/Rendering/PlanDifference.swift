/// One field in which two plans differ.
public struct PlanDifference: Hashable, Sendable, CustomStringConvertible {
    /// Path of the field in the plan file, `stages.mae.batch` for instance.
    public var field: String
    /// Values as the plan file writes them; nil where the plan has no such field.
    public var old: String?
    public var new: String?
    /// Whether a run may be resumed with the new value: true for `run`, `cluster`, `checkpoint` and `wire`, which change
    /// no weight.
    public var mayChange: Bool

    public var description: String { "\(field) was \(old ?? "not there"), is now \(new ?? "not there")" }
}

extension Plan {
    /// What changed from `earlier` to this plan, field by field in the order of the plan file.
    public func differences(from earlier: Plan) -> [PlanDifference] { fatalError("not yet") }
}
