import MawsBase

/// What a checkpoint is of.
package struct CheckpointHeader: Codable, Hashable, Sendable {
    package var runID: String
    package var stageName: String
    package var stageIndex: StageIndex
    package var step: StepIndex
    package var planHash: String
    package var table: BlockTable
    /// What the run's trainers computed the weights with; nil where none did.
    package var computeProfile: String?

    package init(
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
    package var name: String { "\(stageName)-\(step.value)" }
}
