/// What is wrong with a stage when its units are computed, each as one sentence for a person.
package enum StageError: Error, Hashable, CustomStringConvertible {
    case malformedRows(unit: UInt32, floats: Int, rowWidth: Int)
    case malformedNumber(unit: UInt32, value: String)
    case featuresNotFinite(stage: String, split: String, count: Int, samples: Int, first: Int)
    case noFit(stage: String, split: String)
    case noTextModel(stage: String)
    case noTokenizer(stage: String)
    case nothingToFit(stage: String, samples: Int)
    case nothingScored(stage: String, samples: Int)

    package var description: String {
        switch self {
        case .malformedRows(let unit, let floats, let width):
            "the rows of unit \(unit) have \(floats) values, not a whole number of rows of \(width)"
        case .malformedNumber(let unit, let value):
            "the rows of unit \(unit) have \(value) where a class or the number of a sample is due"
        case .featuresNotFinite(let stage, let split, let count, let samples, let first):
            "stage \(stage) cannot be fitted: the features of \(count) of \(samples) samples of split \(split) are not "
                + "finite (the first is sample \(first)); the weights that it starts from are no use"
        case .noFit(let stage, let split):
            "stage \(stage) cannot be fitted: the objective over split \(split) is not finite"
        case .noTextModel(let stage): "stage \(stage) needs a text model, and the plan has none under model.text"
        case .noTokenizer(let stage): "stage \(stage) needs a tokenizer, and no split of the plan names one"
        case .nothingToFit(let stage, let samples):
            "stage \(stage) has nothing to fit: none of the \(samples) samples it is fitted on has a class"
        case .nothingScored(let stage, let samples):
            "stage \(stage) has nothing to score: none of its \(samples) samples has a class; give them class folders, "
                + "a column `class` or .cls members"
        }
    }
}
