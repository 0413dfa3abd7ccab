import MawsBase

/// What the coordinator's core needs to know of a stage: how many steps, phases and units it has.
package struct StageShape: Hashable, Sendable {
    package var index: StageIndex
    /// Optimizer updates; 1 pass for an evaluation.
    package var stepCount: UInt64
    /// Units in each phase of a step, first phase first.
    package var unitsInPhase: [Int]
    /// Whether a step ends in a commit; an evaluation has results instead.
    package var commits: Bool
    /// Steps between checkpoints inside the stage; nil: by time only.
    package var checkpointSteps: UInt64?
    package var checkpointSeconds: Double

    package init(
        index: StageIndex, stepCount: UInt64, unitsInPhase: [Int], commits: Bool, checkpointSteps: UInt64?,
        checkpointSeconds: Double
    ) {
        precondition(stepCount > 0 && !unitsInPhase.isEmpty && unitsInPhase.allSatisfy { $0 > 0 })
        self.index = index
        self.stepCount = stepCount
        self.unitsInPhase = unitsInPhase
        self.commits = commits
        self.checkpointSteps = checkpointSteps
        self.checkpointSeconds = checkpointSeconds
    }
}

extension StageShape {
    /// Steps of a training stage, units of an evaluation.
    package var total: Int { commits ? Int(stepCount) : unitsInPhase.reduce(0, +) }
}

/// Where a run stands: `step` steps of `stage` are committed.
package struct RunPosition: Hashable, Comparable, Codable, Sendable {
    package var stage: StageIndex
    package var step: StepIndex

    package init(stage: StageIndex, step: StepIndex) {
        self.stage = stage
        self.step = step
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.stage, left.step) < (right.stage, right.step)
    }
}
