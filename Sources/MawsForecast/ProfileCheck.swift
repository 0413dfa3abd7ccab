import MawsBase
import MawsKernels
import MawsPlan

/// Whether the trainers of a local cluster compute what the plan says, found before a run starts.
package enum ProfileCheck {
    /// A sentence with file, line and field where they do not.
    /// - Parameter own: what this machine computes with; nil: what it has.
    package static func faults(plan: Plan, own: ComputeProfile? = nil) -> [String] {
        let own = own ?? ComputeBackend.profile(of: plan.cluster.compute ?? ComputeBackend.fastestKind)
        guard plan.cluster.isLocal, plan.bitIdentity,
            let wanted = plan.computeProfile.flatMap(ComputeProfile.init(text:)), wanted != own
        else { return [] }
        let sentence =
            "the trainers of a local run compute on this machine, with `\(own)`, and not with `\(wanted)`, which gives "
            + "other bits: take the field out, start the run elsewhere, or say `bit_identity: off`"
        return [plan.located("compute_profile", sentence)]
    }
}
