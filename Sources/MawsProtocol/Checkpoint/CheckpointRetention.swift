import MawsBase

/// Which checkpoints a run needs no more.
package struct CheckpointRetention: Sendable {
    let stages: [StageShape]
    let keep: Int

    /// - Parameter keep: newest checkpoints that stay besides those that something is still to be made from; at least
    ///   1.
    package init(stages: [StageShape], keep: Int) {
        (self.stages, self.keep) = (stages, keep)
    }

    /// All but the newest `keep`, the first of the stage that is under way, and the last of each that ended, which
    /// later stages and the report read.
    ///
    /// - Parameters:
    ///   - present: finished checkpoints, in any order.
    ///   - latest: the one that `latest` names, which counts as one that is kept.
    ///   - stage: the one under way, or that just ended; its checkpoints count as newer than all others.
    ///   - ended: stages that did, besides those before this one.
    /// - Returns: oldest first.
    package func removable(
        _ present: [RunPosition], latest: RunPosition?, stage: StageIndex, ended: Set<StageIndex>
    ) -> [RunPosition] {
        let needed = Set(finals(before: stage, ended) + (ended.contains(stage) ? [] : [first(of: stage)]))
        let candidates = present.filter { !needed.contains($0) && $0 != latest }.sorted()
        let byAge = candidates.filter { $0.stage != stage } + candidates.filter { $0.stage == stage }
        let kept = max(0, latest == nil ? keep : keep - 1)
        return Array(byAge.dropLast(min(kept, byAge.count)))
    }

    private func first(of stage: StageIndex) -> RunPosition { RunPosition(stage: stage, step: StepIndex(0)) }

    private func finals(before stage: StageIndex, _ ended: Set<StageIndex>) -> [RunPosition] {
        stages.filter { ($0.index < stage || ended.contains($0.index)) && $0.commits }
            .map { RunPosition(stage: $0.index, step: StepIndex($0.stepCount)) }
    }
}
