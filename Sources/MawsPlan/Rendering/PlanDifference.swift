import Yams

/// One field in which two plans differ.
package struct PlanDifference: Hashable, Sendable, CustomStringConvertible {
    /// Path of the field in the plan file, `stages.mae.batch` for instance.
    package var field: String
    /// Values as the plan file writes them; nil where the plan has no such field.
    package var old: String?
    package var new: String?
    /// Whether a run may be resumed with the new value: true for `run`, `cluster`, `checkpoint`, `wire`,
    /// `bit_identity`, `run_mode` and the splits' `skip_limit`, which change no weight by themselves, for
    /// `compute_profile`, about which the coordinator has a rule of its own, and for
    /// `skip_nonfinite`, which changes none before the first bad step.
    package var mayChange: Bool

    package init(field: String, old: String?, new: String?, mayChange: Bool) {
        self.field = field
        self.old = old
        self.new = new
        self.mayChange = mayChange
    }

    package var description: String { "\(field) was \(Self.short(old)), is now \(Self.short(new))" }

    private static func short(_ value: String?) -> String {
        guard let value else { return "not there" }
        return value.count <= 80 ? value : "\(value.prefix(60)) … (\(value.count) characters)"
    }
}

extension Plan {
    /// What changed from `earlier` to this plan, field by field in the order of the plan file.
    package func differences(from earlier: Plan) -> [PlanDifference] {
        let old = earlier.flattened
        let new = flattened
        let oldValues = Dictionary(uniqueKeysWithValues: old)
        let newValues = Dictionary(uniqueKeysWithValues: new)
        let fields = new.map(\.0) + old.map(\.0).filter { newValues[$0] == nil }
        return fields.filter { oldValues[$0] != newValues[$0] }.map { field in
            PlanDifference(
                field: field, old: oldValues[field], new: newValues[field], mayChange: Self.mayChange(field))
        }
    }

    private static func mayChange(_ field: String) -> Bool {
        ["run", "bit_identity", "run_mode", "compute_profile"].contains(field)
            || ["cluster.", "checkpoint.", "wire."].contains { field.hasPrefix($0) }
            || (field.hasPrefix("data.") && field.hasSuffix(".skip_limit"))
            || (field.hasPrefix("stages.") && field.hasSuffix(".skip_nonfinite"))
    }

    /// Every field's path and text. Stages go by their names, and their order counts as a field of its own.
    private var flattened: [(String, String)] {
        var byName = node
        byName["stages"] = .map(stages.map { ($0.name, $0.nodeWithKind) })
        let order = ("stages", "[" + stages.map(\.name).joined(separator: ", ") + "]")
        return [order] + Self.flatten(byName, path: "")
    }

    private static func flatten(_ node: Node, path: String) -> [(String, String)] {
        switch node {
        case .mapping(let mapping):
            mapping.flatMap { key, value in
                flatten(value, path: path.isEmpty ? key.string ?? "" : "\(path).\(key.string ?? "")")
            }
        case .sequence(let sequence):
            [(path, "[" + sequence.map { $0.scalar?.string ?? "" }.joined(separator: ", ") + "]")]
        case .scalar(let scalar): [(path, scalar.string)]
        case .alias: []
        }
    }
}

extension StagePlan {
    fileprivate var nodeWithKind: Node {
        var fields = node
        fields["kind"] = .text(kind.rawValue)
        return fields
    }
}
