import Foundation
import MawsBase
import MawsPlan

/// The learning rate of every step of a stage.
///
/// With W = warm-up share × steps, rounded: step *t* < W takes peak × (t + 1) / W; later steps follow the shape over
/// the progress (t − W) / (steps − W). Zero would be reached at step `steps`, so that no step of the stage is spent at
/// a rate of 0.
package struct LearningRateSchedule: Sendable {
    private let plan: SchedulePlan
    private let steps: Int
    private let warmupSteps: Int

    /// - Parameter steps: steps of the stage, at least 1.
    package init(_ plan: SchedulePlan, steps: Int) {
        precondition(steps > 0, "a training stage has at least one step")
        self.plan = plan
        self.steps = steps
        warmupSteps = min(Int((plan.warmup * Double(steps)).rounded()), steps)
    }

    package func rate(at step: StepIndex) -> Double {
        let index = Int(step.value)
        if index < warmupSteps { return plan.peak * Double(index + 1) / Double(warmupSteps) }
        if index >= steps { return plan.shape == .constant ? plan.peak : 0 }
        let progress = Double(index - warmupSteps) / Double(steps - warmupSteps)
        switch plan.shape {
        case .cosine: return plan.peak * 0.5 * (1 + cos(Double.pi * progress))
        case .linear: return plan.peak * (1 - progress)
        case .constant: return plan.peak
        }
    }
}
