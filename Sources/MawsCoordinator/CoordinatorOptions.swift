import MawsPlan

/// What `maws-coord start` was told.
public struct CoordinatorOptions: Sendable {
    public var planPath: String
    public var overrides: PlanOverrides
    /// Folder of the cluster's certificates; nil: `certificates` in the run folder, made when missing.
    public var certificates: String?
    /// Folder of `maws-ps` and `maws-trainer`, for a local cluster.
    public var programs: String
    /// Folder the plan's data paths are relative to.
    public var root: String
    /// What goes on with the run, as it is typed.
    public var command: String

    public init(
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
