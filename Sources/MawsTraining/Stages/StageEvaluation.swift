/// Gathers what the units of an evaluation return, until they are all there.
package protocol StageEvaluation: Sendable {
    /// Takes what a unit's worker said. What a trainer says of samples is its word alone: it throws `ResultFault` where
    /// that is not what a worker says of these samples, and takes nothing of it. Of a unit that comes twice the later
    /// result stays.
    mutating func add(_ result: [UInt8], from unit: UnitPlace, of samples: UnitSamples) throws
    /// What came of it all.
    func result() throws -> any StageResult
}

/// What is known of an evaluation unit's samples before its worker says anything of them.
package struct UnitSamples: Hashable, Sendable {
    /// Their numbers in the split.
    package var numbers: [Int]
    /// Whether they are of the split that is evaluated, rather than of the one that is fitted on.
    package var isScored: Bool
    /// Samples of the stage that are known to be unreadable: no more may be missing.
    package var unreadableCount: Int

    package init(numbers: [Int], isScored: Bool, unreadableCount: Int) {
        (self.numbers, self.isScored, self.unreadableCount) = (numbers, isScored, unreadableCount)
    }

    /// Throws where a worker that says something of these samples does not say it of the unit's.
    func check(_ said: [Int]) throws(ResultFault) {
        let own = Set(said)
        guard own.count == said.count else { throw ResultFault("says something of a sample twice") }
        let foreign = own.subtracting(numbers)
        if let sample = foreign.min() { throw ResultFault("speaks of sample \(sample), which the unit does not have") }
        let missing = numbers.count - own.count
        guard missing <= unreadableCount else {
            throw ResultFault(
                "says nothing of \(missing) of its \(numbers.count) samples, and \(unreadableCount) are unreadable")
        }
    }
}

/// Why the result of a unit is not what a worker says: what a sentence about that result goes on with.
package struct ResultFault: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
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
