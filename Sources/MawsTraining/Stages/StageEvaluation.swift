/// Gathers what the units of an evaluation return, until they are all there.
package protocol StageEvaluation {
    /// Takes what a unit's worker said. Throws where it is not what one says.
    mutating func add(_ result: [UInt8], from unit: UnitPlace) throws
    /// What came of it all.
    func result() throws -> any StageResult
}

/// What came of an evaluation, as a type of its kind: a classifier's predictions, or a detector's boxes. All that is
/// common to kinds is here.
package protocol StageResult: Sendable {
    var stage: String { get }
    var split: String { get }
    /// The figure that stands for the whole.
    var headline: StageFigure { get }
    /// Samples that nobody knows the truth of.
    var unscoredCount: Int { get }
    /// What a person reads of it in the log.
    var remarks: StageRemarks { get }
}

/// A figure of an evaluation.
package struct StageFigure: Hashable, Sendable {
    /// `top-1` for instance.
    package var name: String
    /// 0...1.
    package var share: Double

    package init(name: String, share: Double) { (self.name, self.share) = (name, share) }
}

/// What the log says of a finished evaluation.
package struct StageRemarks: Hashable, Sendable {
    package var sentences: [String] = []
    /// What a person has to know before believing the figure.
    package var warnings: [String] = []

    package init() {}
}
