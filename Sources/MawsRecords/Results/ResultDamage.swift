/// A file in `results/` that is not what its stage's record says, or not there.
package struct ResultDamage: Error, Hashable {
    package var stage: String
    /// In `results/`.
    package var file: String
    /// Continues "results/<file>".
    package var reason: String
    /// Whether the figures are right nevertheless, as where only a probe's weights are damaged.
    package var leavesFigures = false

    /// What differs.
    package var finding: String { "results/\(file) \(reason)" }

    /// For a person: the file, what differs and how it is made again.
    package var sentence: String {
        let figures = leavesFigures ? "" : "; the figures of stage \(stage) are left out"
        return "\(finding)\(figures). Start the run again with maws-coord: it evaluates stage \(stage) once "
            + "more where the checkpoint that it starts from is still there."
    }
}
