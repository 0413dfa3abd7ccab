import MawsDataFiles
import MawsPlan

/// Where a sample's caption can be, as its store knows without reading it.
enum CaptionPlace {
    case known
    /// In the `.json` beside the image, if it has the field.
    case sidecar
    case nowhere
}

/// How many samples of a split have no caption: told before a stage that learns captions starts, not when its units
/// fail.
struct CaptionSurvey {
    /// Sidecars that are read; where there are more, as many are read at equal distances and the rest is estimated.
    private static let sidecarsMax = 50_000

    private(set) var sampleCount = 0
    private(set) var missingCount = 0
    private(set) var isEstimated = false
    /// One without.
    private(set) var example: SkippedSample?

    init(_ dataset: Dataset, _ positions: SamplePositions) {
        sampleCount = positions.count
        var sidecars: [Int] = []
        for position in 0..<positions.count {
            let index = positions.index(position)
            switch dataset.captionPlace(index) {
            case .known: break
            case .sidecar: sidecars.append(index)
            case .nowhere: note(index, of: dataset)
            }
        }
        read(sidecars, of: dataset)
    }

    private mutating func note(_ index: Int, of dataset: Dataset) {
        missingCount += 1
        if example == nil { example = dataset.place(index, reason: SampleReader.noCaption) }
    }

    private mutating func read(_ sidecars: [Int], of dataset: Dataset) {
        let step = max(1, sidecars.count / Self.sidecarsMax)
        let chosen = stride(from: 0, to: sidecars.count, by: step).map { sidecars[$0] }
        let isMissing = AllCores.map(chosen.count, grain: 64) { number in
            // What cannot be read is another matter, which is said where it is read.
            (try? dataset.sample(chosen[number], parts: [.caption], required: []).caption == nil) ?? false
        }
        let before = missingCount
        for (index, missing) in zip(chosen, isMissing) where missing { note(index, of: dataset) }
        guard step > 1, missingCount > before else { return }
        missingCount = before + (missingCount - before) * sidecars.count / chosen.count
        isEstimated = true
    }

    /// Throws where a stage cannot learn captions of this split, since more samples lack one than may be unreadable.
    static func check(_ stage: StagePlan, split: DataSplitPlan, dataset: Dataset, root: String) throws {
        let positions = try SamplePositions(
            dataset, split: split, root: root, resamples: false, vocabulary: LabelVocabulary())
        let survey = CaptionSurvey(dataset, positions)
        let allowed = SkipRecord.allowed(dataset.count, split.skipLimit)
        guard survey.missingCount > allowed, let example = survey.example else { return }
        let which = survey.missingCount == survey.sampleCount ? "none of the" : "\(survey.missingCount) of the"
        let what = survey.missingCount == survey.sampleCount ? "has one" : "have none"
        throw DataError.stage(
            name: stage.name,
            problem:
                "learns captions, but \(survey.isEstimated ? "about " : "")\(which) \(survey.sampleCount) samples of "
                + "split '\(split.name)' \(what), where its skip_limit allows \(allowed); for instance \(example)")
    }
}
