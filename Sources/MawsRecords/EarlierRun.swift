import MawsFiles
import MawsPlan

/// What stands in a plan's run folder before a start. A plan's check tells what a start would refuse.
package enum EarlierRun {
    /// What tells a run's folder from another: one of these is there from the start.
    package static let ownNames = [
        "coordinator.lock", "coordinator.sqlite", "plan.yaml", "certificates", "checkpoints", "logs", "state",
        "metrics.jsonl",
    ]

    /// The first name in a folder that is no run's; nil for a run's, an empty one, or none.
    package static func foreignName(in folder: String) throws -> String? {
        guard Folder.exists(folder) else { return nil }
        let names = try Folder.names(in: folder).filter { !$0.hasPrefix(".") }
        return names.contains(where: ownNames.contains) ? nil : names.first
    }

    /// The plan of the run whose folder this is, with all that was filled in; nil where there is none.
    package static func plan(in folder: String) -> Plan? {
        try? PlanLoader.loadResolved(path: "\(folder)/plan.yaml")
    }

    /// Fields in which a plan differs from the one that a run was begun with, and may not: one line each.
    package static func changes(of plan: Plan, since earlier: Plan) -> [String] {
        plan.differences(from: earlier).filter { !$0.mayChange }.map { change in
            (plan.places[change.field].map { "\($0.file):\($0.line): " } ?? "") + change.description
        }
    }

    /// A sentence for what a start of this plan in its folder would be refused for; the folder's `plan.yaml` is taken
    /// for the plan that its run was begun with.
    package static func faults(of plan: Plan) -> [String] {
        do {
            if let name = try foreignName(in: plan.run) {
                return [plan.located("run", foreign(plan.run, holds: name))]
            }
        } catch {
            return [plan.located("run", "\(error)")]
        }
        guard let earlier = self.plan(in: plan.run) else { return [] }
        let changes = changes(of: plan, since: earlier)
        return changes.isEmpty ? [] : [plan.located("run", changed(plan.run, changes))]
    }

    package static func foreign(_ folder: String, holds name: String) -> String {
        "\(folder) is not a run's folder (it holds \(name)); give the run a folder of its own by `run` in the plan, or "
            + "by --run"
    }

    package static func changed(_ run: String, _ changes: [String]) -> String {
        let more = changes.count > 5 ? "; and \(changes.count - 5) more" : ""
        return
            "the plan changed since \(run) was started (\(changes.prefix(5).joined(separator: "; "))\(more)); change "
            + "it back, or give the new plan another run folder"
    }
}
