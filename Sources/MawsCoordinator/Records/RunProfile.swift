import MawsBase
import MawsDatabase
import MawsKernels
import MawsPlan

/// What all trainers of a run compute with: what the plan says, else what the CPU that started the run has. No trainer
/// has a say in it.
package enum RunProfile {
    /// Nil where the plan lets everybody compute as it can. Throws where the plan says another than the run's steps
    /// were computed with.
    package static func settled(_ plan: Plan, _ identity: RunIdentity) throws -> ComputeProfile? {
        let recorded = identity.computeProfile.flatMap { ComputeProfile(text: $0) }
        guard plan.bitIdentity else { return recorded }
        guard let wanted = plan.computeProfile.flatMap({ ComputeProfile(text: $0) }) else {
            return recorded ?? ComputeBackend.profile(of: plan.cluster.compute ?? ComputeBackend.fastestKind)
        }
        if let recorded, recorded != wanted, hasCommits(identity) {
            throw CoordinatorError.otherProfile(run: plan.run, recorded: "\(recorded)", wanted: "\(wanted)")
        }
        return wanted
    }

    private static func hasCommits(_ identity: RunIdentity) -> Bool {
        (identity.stage?.value ?? 0) > 0 || (identity.step?.value ?? 0) > 0
    }
}
