import MawsPlan

/// What one stage will find in the splits that it reads.
struct StageSurvey {
    private(set) var splits: [PlanSurvey.Split] = []
    private(set) var findings: [PlanSurvey.Finding] = []
    let stage: StagePlan
    let plan: Plan
    let root: String
    /// Samples that the stage may leave out.
    private(set) var skipsMax = 0

    /// Share of samples without a label, or of labels without a sample, from which on it is a warning.
    private static let shareDoubtful = 0.1

    init(
        _ stage: StagePlan, plan: Plan, data: PlanData, surveys: [String: SplitSurvey], root: String
    ) throws {
        self.stage = stage
        self.plan = plan
        self.root = root
        let read = stage.splits.compactMap { surveys[$0] }
        skipsMax = read.reduce(0) { $0 + Int(Double($1.count) * (plan.split($1.name)?.skipLimit ?? 0)) }
        for survey in read {
            splits.append(
                PlanSurvey.Split(
                    name: survey.name, count: survey.count, problemCount: survey.dataset.problems.count,
                    account: account(survey)))
            checkImages(survey)
        }
        guard let on = surveys[stage.on] else { return }
        let needs = stage.needs
        if let count = needs.labelCount { checkLabels(on, count) }
        if stage.learnsCaptions { checkCaptions(on) }
        if let trainSplit = needs.trainSplit { checkProbe(trainSplit: surveys[trainSplit], on: on, data.classes) }
        if let file = needs.classNames { try checkClassNames(on, file) }
        if stage.trains { try checkResampling(on) }
    }

    /// - Parameter field: path of the field that asks for it.
    mutating func fault(_ field: String, _ problem: String) { note(true, field, problem) }
    mutating func warn(_ field: String, _ problem: String) { note(false, field, problem) }

    mutating func note(_ isFault: Bool, _ field: String, _ problem: String) {
        findings.append(
            PlanSurvey.Finding(
                isFault: isFault, stage: stage.name, field: field, sentence: "Stage '\(stage.name)' \(problem)."))
    }

    /// Path of the field that says what a split reads.
    func source(_ survey: SplitSurvey) -> String { plan.split(survey.name)?.sourceField ?? stage.field("on") }

    // MARK: What becomes of the samples

    private func account(_ survey: SplitSurvey) -> SampleAccount {
        var account = survey.dataset.account
        account.take(survey.count - (stage.learnsCaptions ? survey.captionlessCount : 0))
        account.add(.leftOut, SampleAccount.excluded, count: survey.excludedCount)
        account.add(
            .ignored, "lines of the list of exclusions about other shards", count: survey.foreignExclusionCount)
        account.merge(survey.looked.remarks)
        let needs = stage.needs
        if needs.labelCount != nil {
            account.add(
                .incomplete, "without a label of the vocabulary" + survey.coverage,
                count: survey.looked.unlabelledCount)
        }
        if stage.learnsCaptions {
            account.add(.leftOut, SampleAccount.noCaption, count: survey.captionlessCount)
            account.add(
                .incomplete, SampleAccount.cut(context: plan.model.text?.context ?? 0) + survey.coverage,
                count: survey.looked.cutCount)
        }
        if needs.classes {
            account.add(
                .incomplete,
                needs.trainSplit == survey.name ? "without a class: not fitted on" : "without a class: not scored",
                count: survey.count - survey.classCount)
        }
        return account
    }

    // MARK: Training

    private mutating func checkLabels(_ survey: SplitSurvey, _ labelCount: Int) {
        let (looked, split) = (survey.looked, plan.split(survey.name))
        let vocabulary = split?.field("vocabulary") ?? stage.field("on")
        guard looked.count > 0 else {
            return warn(
                source(survey),
                "learns the labels of split '\(survey.name)', which could not be looked at: it lies on other machines")
        }
        let samples = "\(looked.count) samples of split '\(survey.name)'" + spread(survey)
        if looked.hashtagCount == 0 {
            fault(
                source(survey),
                "learns hashtags, but none of the \(samples) has any; write #hashtags into captions (.txt), or give "
                    + "them .json members")
        } else if looked.labelledCount == 0 {
            fault(
                vocabulary,
                "learns the labels of \(split?.vocabulary ?? "a vocabulary") (\(Self.first(looked.labelNames))), but "
                    + "none of the \(samples) has one of them (their hashtags: "
                    + "\(Self.first(looked.hashtags.map { "#\($0)" }, isAll: false))); make the vocabulary of this "
                    + "data with 'maws data labels'")
        } else if labelCount == 1 {
            fault(
                vocabulary,
                "has one label only (\(Self.first(looked.labelNames))), so that there is nothing to tell apart; give "
                    + "its vocabulary more")
        } else {
            checkCoverage(survey, vocabulary, samples)
        }
    }

    /// Whether most samples have a label, and most labels a sample.
    private mutating func checkCoverage(_ survey: SplitSurvey, _ vocabulary: String, _ samples: String) {
        let looked = survey.looked
        let without = looked.unlabelledCount
        if Double(without) > Self.shareDoubtful * Double(looked.count) {
            warn(
                vocabulary,
                "finds no label of its vocabulary on \(without) of the \(samples) and learns nothing from them")
        }
        let unused = looked.unusedLabels
        if looked.count == survey.count, Double(unused.count) > Self.shareDoubtful * Double(looked.labelNames.count) {
            warn(
                vocabulary,
                "has \(looked.labelNames.count) labels, of which \(unused.count) are on no sample of its split "
                    + "(\(Self.first(unused)))")
        }
    }

    /// The first three names of a list.
    /// - Parameter isAll: whether the list has all that there are.
    static func first(_ names: [String], isAll: Bool = true) -> String {
        names.prefix(3).joined(separator: ", ") + (isAll && names.count <= 3 ? "" : ", …")
    }

    /// More than may be unreadable are refused where the data is opened; see `CaptionSurvey`.
    private mutating func checkCaptions(_ survey: SplitSurvey) {
        guard survey.captionlessCount > 0 else { return }
        warn(
            source(survey),
            "skips \(survey.captionlessCount) of the \(survey.count) samples of split '\(survey.name)', which "
                + "have no caption")
    }

    private mutating func checkResampling(_ survey: SplitSurvey) throws {
        guard let split = plan.split(survey.name), split.resample != nil, let file = split.vocabulary else { return }
        let vocabulary = try LabelVocabulary(
            path: PathText.resolved(file, root: root), sampleCountMin: split.labelCountMin)
        if !vocabulary.sampleCounts.contains(where: { $0 > 0 }) {
            fault(
                split.field("vocabulary"),
                "repeats samples of rare labels, but \(file) says of no label how many samples it has; make it with "
                    + "'maws data labels', or leave `resample` out")
        } else if survey.looked.count > 0, survey.looked.labelledCount == 0, stage.needs.labelCount == nil {
            fault(
                split.field("resample"),
                "repeats samples of rare labels, but none of the \(survey.looked.count) samples of split "
                    + "'\(survey.name)'\(spread(survey)) has a label of \(file); leave `resample` out")
        }
    }

    // MARK: Images

    private mutating func checkImages(_ survey: SplitSurvey) {
        let images = survey.images
        guard images.count > 0 else { return }
        let place = "of split '\(survey.name)'"
        guard images.readableCount > 0 else {
            return fault(
                source(survey),
                "can read none of the \(images.count) images looked at \(place): \(images.firstReason)")
        }
        if images.readableCount < images.count {
            warn(
                source(survey),
                "cannot read \(images.count - images.readableCount) of the \(images.count) images looked at \(place) "
                    + "(\(images.firstReason))")
        }
        let model = stage.image(in: plan)
        if images.smallCount > 0 {
            warn(
                "model.image",
                "enlarges \(images.smallCount) of the \(images.count) images looked at \(place), which are smaller "
                    + "than the model's \(model.size) x \(model.size) (\(images.smallSize) for instance)")
        }
        if model.channels == 1, images.colourCount > 0 {
            warn(
                "model.image",
                "sees in grey, as the model has channels: 1, what is in colour: \(images.colourCount) of the "
                    + "\(images.count) images looked at \(place)")
        } else if model.channels == 3, images.colourCount == 0 {
            warn(
                "model.image",
                "takes three equal channels of grey, as the model has channels: 3 and all \(images.count) images "
                    + "looked at \(place) are grey")
        }
    }

    func spread(_ survey: SplitSurvey) -> String {
        survey.looked.count < survey.count ? " that were looked at, spread over all \(survey.count)," : ""
    }
}
