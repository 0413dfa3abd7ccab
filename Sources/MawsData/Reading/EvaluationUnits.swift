import MawsDataFiles
import MawsPlan

/// Which samples the units of an evaluation have: those of the split that it is fitted on come first, a split's in
/// their order.
package struct EvaluationUnits: Sendable {
    /// Samples of a whole unit.
    private let unit: Int
    private let splits: [SamplePositions]

    /// - Parameter splits: in the order of the stage's `splits`.
    init(unit: Int, splits: [SamplePositions]) { (self.unit, self.splits) = (unit, splits) }

    /// Nil where a stage trains.
    package init?(plan: Plan, stage: StagePlan, data: PlanData, root: String) throws {
        guard !stage.trains else { return nil }
        let splits = try stage.splits.map { name in
            guard let split = plan.split(name), let opened = data.splits.first(where: { $0.name == name }) else {
                // Without its units, those of the next split would bear their numbers.
                throw DataError.stage(name: stage.name, problem: "reads split '\(name)', which the plan does not have")
            }
            return try SamplePositions(
                opened.dataset, split: split, root: root, resamples: false, vocabulary: LabelVocabulary())
        }
        self.init(unit: stage.unit, splits: splits)
    }

    /// Units of all splits.
    package var count: Int { splits.reduce(0) { $0 + unitCount($1) } }

    /// Samples of a unit: their numbers in the split of this index.
    package func samples(of number: Int) -> (split: Int, samples: [Int]) {
        let (split, positions) = positions(of: number)
        return (split, positions.map { splits[split].index($0) })
    }

    /// Where a unit's samples stand in the split of this index.
    func positions(of number: Int) -> (split: Int, positions: Range<Int>) {
        var first = number * unit
        for (index, split) in splits.enumerated() {
            if first < split.count || index == splits.count - 1 {
                return (index, first..<min(first + unit, split.count))
            }
            first -= unitCount(split) * unit
        }
        preconditionFailure("an evaluation reads no split")
    }

    private func unitCount(_ split: SamplePositions) -> Int { (split.count + unit - 1) / unit }
}
