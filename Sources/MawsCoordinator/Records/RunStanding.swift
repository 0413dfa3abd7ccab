import Synchronization

/// What of a run is safe, for whoever stops it: written by the deciding thread, read by the one that takes signals.
package final class RunStanding: Sendable {
    private struct State {
        /// `mae (1 of 5)`
        var stage = ""
        /// Committed steps, and all of the stage; nil of an evaluation, which keeps nothing until its end.
        var steps: (done: UInt64, total: UInt64)?
        /// Folder of the stage's newest checkpoint.
        var checkpoint: String?
    }

    private let state = Mutex(State())
    private let paths: RunPaths
    /// What goes on with the run, as it is typed.
    package let command: String

    package init(paths: RunPaths, command: String) {
        (self.paths, self.command) = (paths, command)
    }

    package func begin(stage: String, steps: (done: UInt64, total: UInt64)?, checkpoint: String) {
        state.withLock { $0 = State(stage: stage, steps: steps, checkpoint: "\(paths.checkpoints)/\(checkpoint)") }
    }

    package func committed(steps done: UInt64) { state.withLock { $0.steps?.done = done } }

    package func took(checkpoint: String) { state.withLock { $0.checkpoint = "\(paths.checkpoints)/\(checkpoint)" } }

    /// What is kept, where, and the command that goes on.
    package var text: String {
        let state = state.withLock { $0 }
        let next = "Go on with: \(command)"
        guard let checkpoint = state.checkpoint else { return "Nothing was computed yet. \(next)" }
        guard let steps = state.steps else {
            return "Kept: all of the stages before \(state.stage), which starts over. \(next)"
        }
        let isWhole = checkpoint.hasSuffix("-\(steps.done)")
        let states = isWhole ? "" : "; the steps since then are in the servers' state files"
        return "Kept: \(steps.done) of \(steps.total) steps of stage \(state.stage). Newest checkpoint: "
            + "\(checkpoint)\(states). \(next)"
    }
}
