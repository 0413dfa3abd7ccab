import MawsTraining

/// How often each class was taken for each class.
package struct ConfusionMatrix: Hashable, Sendable {
    package let classNames: [String]
    /// Samples by class (row) and prediction (column).
    package let counts: [[Int]]

    /// Samples whose class or prediction has no name are left out: their class is not known.
    package init(_ result: ClassificationResult) {
        classNames = result.classNames
        let classes = result.classNames.count
        var counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
        for sample in result.samples where (0..<classes).contains(sample.truth) {
            if (0..<classes).contains(sample.prediction) { counts[sample.truth][sample.prediction] += 1 }
        }
        self.counts = counts
    }

    /// Samples of a class.
    package func support(_ truth: Int) -> Int { counts[truth].reduce(0, +) }

    /// Share of a class's samples that were recognised, 0...1; nil for a class without samples.
    package func recall(_ truth: Int) -> Double? {
        let support = support(truth)
        return support > 0 ? Double(counts[truth][truth]) / Double(support) : nil
    }

    /// Share of the samples taken for a class that are of it, 0...1; nil for a class nothing was taken for.
    package func precision(_ prediction: Int) -> Double? {
        let taken = counts.reduce(0) { $0 + $1[prediction] }
        return taken > 0 ? Double(counts[prediction][prediction]) / Double(taken) : nil
    }

    /// The `limit` classes with the most mistakes in their row, in class order; all classes when there are no more.
    package func hardest(_ limit: Int) -> [Int] {
        let mistakes = classNames.indices.map { support($0) - counts[$0][$0] }
        let ranked = classNames.indices.sorted { (-mistakes[$0], $0) < (-mistakes[$1], $1) }
        return ranked.prefix(limit).sorted()
    }
}
