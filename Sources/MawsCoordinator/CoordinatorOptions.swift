import MawsPlan

/// What `maws-coord start` was told.
package struct CoordinatorOptions: Sendable {
    package var planPath: String
    package var overrides: PlanOverrides
    /// Folder of the cluster's certificates; nil: `certificates` in the run folder, made when missing.
    package var certificates: String?
    /// Folder of `maws-ps` and `maws-trainer`, for a local cluster.
    package var programs: String
    /// Folder the plan's data paths are relative to.
    package var root: String
    /// What goes on with the run, as it is typed.
    package var command: String

    package init(
        planPath: String, overrides: PlanOverrides = PlanOverrides(), certificates: String? = nil, programs: String,
        root: String = ".", command: String
    ) {
        self.command = command
        self.planPath = planPath
        self.overrides = overrides
        self.certificates = certificates
        self.programs = programs
        self.root = root
    }
}
