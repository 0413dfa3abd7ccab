/// What the samples of a unit are compared with; each kind of target is a type of its own.
package protocol UnitTarget: Sendable {
    /// The target of some rows of the unit, numbered from 0.
    func part(_ range: Range<Int>) -> Self
}

/// A target that samples can be mixed with.
package protocol MixedTarget: UnitTarget {
    /// Each row's own part weighs `lambda` from now on, and that of the row before it (the last one for the first) the
    /// rest.
    mutating func mix(lambda: Double)
}

/// What is predicted is in the inputs.
package struct NoTarget: UnitTarget {
    package init() {}

    package func part(_ range: Range<Int>) -> NoTarget { self }
}

/// The clean class of each sample.
package struct ClassTarget: UnitTarget {
    /// -1 where it is unknown.
    package var classes: [Int]

    package init(_ classes: [Int]) { self.classes = classes }

    package func part(_ range: Range<Int>) -> ClassTarget { ClassTarget(Array(classes[range])) }
}

/// The labels of each sample, which weigh the same, mixed with those of its partner where the unit is mixed.
package struct LabelTarget: MixedTarget {
    /// Numbers of the vocabulary, ascending, without repeats.
    package var labels: [[Int]]
    /// Share of a row's target that is its own sample's; the rest is its partner's. 1: nothing is mixed.
    package private(set) var mixLambda = 1.0
    /// Labels of each row's partner, in a part of a unit: the partner may be in another one.
    private var partnerLabels: [[Int]]?

    package init(_ labels: [[Int]]) { self.labels = labels }

    package mutating func mix(lambda: Double) { mixLambda = lambda }

    /// What a row should be taken for: each sample's labels weigh the same, and its share together. A sample without
    /// labels adds none.
    package func softLabels(of row: Int) -> [SoftLabel] {
        let own = labels[row].map { SoftLabel(label: $0, weight: mixLambda / Double(labels[row].count)) }
        guard mixLambda < 1 else { return own }
        let others = partner(of: row)
        return own + others.map { SoftLabel(label: $0, weight: (1 - mixLambda) / Double(others.count)) }
    }

    package func part(_ range: Range<Int>) -> LabelTarget {
        var part = LabelTarget(Array(labels[range]))
        part.mixLambda = mixLambda
        if mixLambda < 1 { part.partnerLabels = range.map(partner) }
        return part
    }

    private func partner(of row: Int) -> [Int] {
        partnerLabels?[row] ?? labels[UnitMixing.partner(of: row, count: labels.count)]
    }
}

/// A label and its part of a target, above 0 and up to 1.
package struct SoftLabel: Hashable, Sendable {
    package var label: Int
    package var weight: Double

    package init(label: Int, weight: Double) {
        self.label = label
        self.weight = weight
    }
}
