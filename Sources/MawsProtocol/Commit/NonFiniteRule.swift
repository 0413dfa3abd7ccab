/// What becomes of a step whose loss or gradient is not finite.
///
/// A pure function of the plan and of the stage's durable commits, so that a coordinator that was killed, or a run that
/// went back to a checkpoint, decides the same again.
package enum NonFiniteRule {
    package enum Verdict: Hashable, Sendable {
        /// The step is committed as a skipped one, the `number`-th in a row, counted from 1.
        case skip(number: Int)
        /// The run ends; `skipped` steps in a row were skipped before.
        case stop(skipped: Int)
    }

    /// - Parameters:
    ///   - skipsMax: steps in a row that may be skipped; 0: none.
    ///   - clipScales: those of the stage's commits, in order of their steps.
    package static func verdict(skipsMax: Int, clipScales: [Double]) -> Verdict {
        let skipped = clipScales.reversed().prefix { $0 == 0 }.count
        return skipped < skipsMax ? .skip(number: skipped + 1) : .stop(skipped: skipped)
    }
}
