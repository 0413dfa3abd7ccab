import MawsBase

/// What a checkpoint is of.
public struct CheckpointHeader: Codable, Hashable, Sendable {
    public var runID: String
    public var stageName: String
    public var stageIndex: StageIndex
    public var step: StepIndex
    public var planHash: String
    public var table: BlockTable
    /// What the run's trainers computed the weights with; nil where none did.
    public var computeProfile: String?

    public init(
        runID: String, stageName: String, stageIndex: StageIndex, step: StepIndex, planHash: String, table: BlockTable,
        computeProfile: String? = nil
    ) {
        self.computeProfile = computeProfile
        self.runID = runID
        self.stageName = stageName
        self.stageIndex = stageIndex
        self.step = step
        self.planHash = planHash
        self.table = table
    }

    /// Name of the checkpoint's folder: `mae-1200`.
    public var name: String { "\(stageName)-\(step.value)" }
}
