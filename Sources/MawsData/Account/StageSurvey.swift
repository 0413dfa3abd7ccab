import MawsPlan

/// What one stage will find in the splits that it reads.
struct StageSurvey {
    private(set) var splits: [PlanSurvey.Split] = []
    private(set) var findings: [PlanSurvey.Finding] = []
    private let stage: StagePlan
    private let plan: Plan
    private let root: String

    /// Share of samples without a label, or of labels without a sample, from which on it is a warning.
    private static let shareDoubtful = 0.1

    init(
        _ stage: StagePlan, plan: Plan, data: PlanData, surveys: [String: SplitSurvey], root: String
    ) throws {
        self.stage = stage
        self.plan = plan
        self.root = root
        let read = [stage.kind == .linear ? stage.fitOn : nil, stage.on].compactMap { $0.flatMap { surveys[$0] } }
        for survey in read {
            splits.append(
                PlanSurvey.Split(
                    name: survey.name, count: survey.count, problemCount: survey.dataset.problems.count,
                    account: account(survey)))
            checkImages(survey)
        }
        guard let on = surveys[stage.on] else { return }
        switch stage.kind {
        case .mae: break
        case .wsp: checkLabels(on)
        case .lit: checkCaptions(on)
        case .linear: checkProbe(fitOn: stage.fitOn.flatMap { surveys[$0] }, on: on, data.classes)
        case .zeroshot: try checkZeroShot(on)
        }
        if stage.kind.trains { try checkResampling(on) }
    }

    private mutating func fault(_ problem: String) { note(true, problem) }
    private mutating func warn(_ problem: String) { note(false, problem) }

    private mutating func note(_ isFault: Bool, _ problem: String) {
        findings.append(
            PlanSurvey.Finding(isFault: isFault, stage: stage.name, sentence: "Stage '\(stage.name)' \(problem)."))
    }

    // MARK: What becomes of the samples

    private func account(_ survey: SplitSurvey) -> SampleAccount {
        var account = survey.dataset.account
        account.take(survey.count - (stage.kind == .lit ? survey.captionlessCount : 0))
        account.add(.leftOut, SampleAccount.excluded, count: survey.excludedCount)
        account.add(
            .ignored, "lines of the list of exclusions about other shards", count: survey.foreignExclusionCount)
        switch stage.kind {
        case .mae: break
        case .wsp:
            account.add(
                .incomplete, "without a label of the vocabulary" + survey.coverage,
                count: survey.looked.count - survey.looked.labelledCount)
        case .lit: account.add(.leftOut, SampleAccount.noCaption, count: survey.captionlessCount)
        case .linear, .zeroshot:
            account.add(
                .incomplete,
                stage.fitOn == survey.name ? "without a class: not fitted on" : "without a class: not scored",
                count: survey.count - survey.classCount)
        }
        return account
    }

    // MARK: Training

    private mutating func checkLabels(_ survey: SplitSurvey) {
        let (looked, split) = (survey.looked, plan.split(survey.name))
        guard looked.count > 0 else {
            return warn(
                "learns the labels of split '\(survey.name)', which could not be looked at: it lies on other machines")
        }
        let samples = "\(looked.count) samples of split '\(survey.name)'" + spread(survey)
        if stage.labelCount == 1 {
            fault("has one label only, so that there is nothing to tell apart; give its vocabulary more")
        } else if looked.hashtagCount == 0 {
            fault(
                "learns hashtags, but none of the \(samples) has any; write #hashtags into captions (.txt), or give "
                    + "them .json members")
        } else if looked.labelledCount == 0 {
            let tags = looked.hashtags.map { "#\($0)" }.joined(separator: ", ")
            fault(
                "learns the labels of \(split?.vocabulary ?? "a vocabulary"), but none of the \(samples) has one of "
                    + "them (their hashtags: \(tags), …); make the vocabulary of this data with 'maws data labels'")
        } else {
            let without = looked.count - looked.labelledCount
            if Double(without) > Self.shareDoubtful * Double(looked.count) {
                warn("finds no label of its vocabulary on \(without) of the \(samples) and learns nothing from them")
            }
            let unused = looked.labelCounts.count { $0 == 0 }
            if looked.count == survey.count, Double(unused) > Self.shareDoubtful * Double(looked.labelCounts.count) {
                warn("has \(looked.labelCounts.count) labels, of which \(unused) are on no sample of its split")
            }
        }
    }

    /// More than may be unreadable are refused where the data is opened; see `CaptionSurvey`.
    private mutating func checkCaptions(_ survey: SplitSurvey) {
        guard survey.captionlessCount > 0 else { return }
        warn(
            "passes over \(survey.captionlessCount) of the \(survey.count) samples of split '\(survey.name)', which "
                + "have no caption")
    }

    private mutating func checkResampling(_ survey: SplitSurvey) throws {
        guard let split = plan.split(survey.name), split.resample != nil, let file = split.vocabulary else { return }
        let vocabulary = try LabelVocabulary(
            path: Dataset.resolved(file, root: root), sampleCountMin: split.labelCountMin)
        if !vocabulary.sampleCounts.contains(where: { $0 > 0 }) {
            fault(
                "repeats samples of rare labels, but \(file) says of no label how many samples it has; make it with "
                    + "'maws data labels', or leave `resample` out")
        } else if survey.looked.count > 0, survey.looked.labelledCount == 0, stage.kind != .wsp {
            fault(
                "repeats samples of rare labels, but none of the \(survey.looked.count) samples of split "
                    + "'\(survey.name)'\(spread(survey)) has a label of \(file); leave `resample` out")
        }
    }

    // MARK: Evaluation

    private mutating func checkProbe(fitOn: SplitSurvey?, on: SplitSurvey, _ classes: PlanClasses) {
        let splits = [(fitOn, "is fitted on"), (on, "is scored on")]
        let known = splits.map { survey, use in survey.map { checkClasses($0, use) } ?? false }
        guard let fitOn, !known.contains(false) else { return }
        if plan.split(fitOn.name)?.shards == plan.split(on.name)?.shards {
            warn(
                "is scored on the very samples of split '\(fitOn.name)' that it is fitted on: its figure will say "
                    + "nothing of other images")
        }
        let (fitted, scored) = (fitOn.looked.classCounts, on.looked.classCounts)
        guard !fitted.isEmpty, !scored.isEmpty, fitOn.looked.count == fitOn.count else { return }
        if fitted.count == 1 {
            return fault("is fitted on split '\(fitOn.name)', whose samples are all of one class; give it two or more")
        }
        let strange = scored.keys.filter { fitted[$0] == nil }.sorted()
        guard !strange.isEmpty else { return }
        let names = strange.prefix(3).map { classes.names.indices.contains($0) ? classes.names[$0] : "\($0)" }
        let list = names.joined(separator: ", ") + (strange.count > names.count ? ", …" : "")
        if strange.count == scored.count {
            fault("is fitted on split '\(fitOn.name)', which has none of the classes of '\(on.name)' (\(list))")
        } else {
            let samples = strange.reduce(0) { $0 + (scored[$1] ?? 0) }
            warn(
                "cannot be right on \(samples) samples of split '\(on.name)': '\(fitOn.name)', which it is fitted on, "
                    + "lacks \(strange.count) of their classes (\(list))")
        }
    }

    private mutating func checkZeroShot(_ survey: SplitSurvey) throws {
        guard checkClasses(survey, "is scored on"), let file = stage.classes else { return }
        let path = Dataset.resolved(file, root: root)
        let (lines, found) = (try SplitFiles.classes(path: path).count, survey.looked.classCounts)
        guard let most = found.keys.max() else { return }
        let data = "the classes of split '\(survey.name)' are the numbers 0 to \(most)"
        if most >= lines {
            fault("takes its classes from \(file), which has \(lines) lines, but \(data); give each class a line")
        } else if found.count == most + 1, most + 1 < lines, survey.dataset.classes.names == nil {
            // Numbers with gaps are some of more; these are all there are.
            fault(
                "takes its classes from \(file), which has \(lines) lines, but \(data), all of them there; "
                    + "leave out the lines of other classes")
        }
    }

    /// Whether samples have classes.
    private mutating func checkClasses(_ survey: SplitSurvey, _ use: String) -> Bool {
        let labelled = survey.classCount
        guard labelled > 0 else {
            fault(
                "\(use) split '\(survey.name)', but none of its \(survey.count) samples has a class; give them class "
                    + "folders ('maws data pack folder'), a column `class` ('maws data pack list') or .cls members")
            return false
        }
        if labelled < survey.count {
            warn(
                "\(use) \(labelled) of the \(survey.count) samples of split '\(survey.name)': the others have no class")
        }
        return true
    }

    // MARK: Images

    private mutating func checkImages(_ survey: SplitSurvey) {
        let images = survey.images
        guard images.count > 0 else { return }
        let place = "of split '\(survey.name)'"
        guard images.readableCount > 0 else {
            let reason = images.unreadable.entries(.leftOut).first?.reason ?? ""
            return fault("can read none of the \(images.count) images looked at \(place): \(reason)")
        }
        let model = plan.model.image
        if images.smallCount > 0 {
            warn(
                "enlarges \(images.smallCount) of the \(images.count) images looked at \(place), which are smaller "
                    + "than the model's \(model.size) x \(model.size) (\(images.smallSize) for instance)")
        }
        if model.channels == 1, images.colourCount > 0 {
            warn(
                "sees in grey, as the model has channels: 1, what is in colour: \(images.colourCount) of the "
                    + "\(images.count) images looked at \(place)")
        } else if model.channels == 3, images.colourCount == 0 {
            warn(
                "takes three equal channels of grey, as the model has channels: 3 and all \(images.count) images "
                    + "looked at \(place) are grey")
        }
    }

    private func spread(_ survey: SplitSurvey) -> String {
        survey.looked.count < survey.count ? " that were looked at, spread over all \(survey.count)," : ""
    }
}
