import MawsPlan

/// What is wrong or doubtful about evaluations: classes, their names, and what is fitted on what.
extension StageSurvey {
    mutating func checkProbe(trainSplit: SplitSurvey?, on: SplitSurvey, _ classes: PlanClasses) {
        let splits = [(trainSplit, "is fitted on"), (on, "is scored on")]
        let known = splits.map { survey, use in survey.map { checkClasses($0, use) } ?? false }
        guard let trainSplit, !known.contains(false) else { return }
        if plan.split(trainSplit.name)?.shards == plan.split(on.name)?.shards {
            warn(
                stage.field("on"),
                "is scored on the very samples of split '\(trainSplit.name)' that it is fitted on: its figure will say "
                    + "nothing of other images")
        }
        let (fitted, scored) = (trainSplit.looked.classCounts, on.looked.classCounts)
        guard !fitted.isEmpty, !scored.isEmpty else { return }
        let isAllSeen = trainSplit.looked.count == trainSplit.count
        if fitted.count == 1 {
            note(
                isAllSeen, source(trainSplit),
                "is fitted on split '\(trainSplit.name)', whose samples\(spread(trainSplit)) are all of one class; "
                    + "give it two or more")
        }
        checkOneClass(on)
        guard isAllSeen, fitted.count > 1 else { return }
        let strange = scored.keys.filter { fitted[$0] == nil }.sorted()
        guard !strange.isEmpty else { return }
        let names = strange.prefix(3).map { classes.names.indices.contains($0) ? classes.names[$0] : "\($0)" }
        let list = names.joined(separator: ", ") + (strange.count > names.count ? ", …" : "")
        if strange.count == scored.count {
            fault(
                stage.field("train_split"),
                "is fitted on split '\(trainSplit.name)', which has none of the classes of '\(on.name)' (\(list))")
        } else {
            let samples = strange.reduce(0) { $0 + (scored[$1] ?? 0) }
            warn(
                stage.field("train_split"),
                "cannot be right on \(samples) samples of split '\(on.name)': '\(trainSplit.name)', which it is "
                    + "fitted on, lacks \(strange.count) of their classes (\(list))")
        }
    }

    /// A figure about one class is no accuracy of all.
    private mutating func checkOneClass(_ survey: SplitSurvey) {
        guard survey.looked.classCounts.count == 1 else { return }
        warn(
            source(survey),
            "is scored on split '\(survey.name)', whose samples\(spread(survey)) are all of one class: its figure will "
                + "say nothing of others")
    }

    /// - Parameter file: has a class a line.
    mutating func checkClassNames(_ survey: SplitSurvey, _ file: String) throws {
        guard checkClasses(survey, "is scored on") else { return }
        let path = PathText.resolved(file, root: root)
        let (names, found) = (try SplitFiles.classes(path: path), survey.looked.classCounts)
        let lines = names.count
        checkClashes(ClassNameClashes(names), of: file)
        if lines == 1 {
            fault(
                stage.field("classes"), "has one class in \(file), so that every prediction is it; give it two or more")
        }
        checkOneClass(survey)
        try checkPrompts(names)
        guard let most = found.keys.max() else { return }
        let data = "the classes of split '\(survey.name)' are the numbers 0 to \(most)"
        if most >= lines {
            fault(
                stage.field("classes"),
                "takes its classes from \(file), which has \(lines) lines, but \(data); give each class a line")
        } else if found.count == most + 1, most + 1 < lines, survey.dataset.classes.names == nil {
            // Numbers with gaps are some of more; these are all there are.
            fault(
                stage.field("classes"),
                "takes its classes from \(file), which has \(lines) lines, but \(data), all of them there; "
                    + "leave out the lines of other classes")
        } else if survey.looked.count == survey.count, found.count < lines {
            let unused = (0..<lines).filter { found[$0] == nil }.map { names[$0][0] }
            warn(
                stage.field("classes"),
                "chooses from the \(lines) classes of \(file), of which \(unused.count) are of no sample of split "
                    + "'\(survey.name)' (\(Self.first(unused)))")
        }
    }

    /// ImageNet's own names have two classes `crane`, so that this is said and not refused.
    private mutating func checkClashes(_ clashes: ClassNameClashes, of file: String) {
        if let alike = clashes.alike {
            warn(
                stage.field("classes"),
                "cannot tell \(alike.count) of the classes of \(file) from others, as all of their names are the same "
                    + "(\(alike.example)): their samples are taken for those of the first; give each a name of its own")
        }
        if let shared = clashes.shared {
            warn(
                stage.field("classes"),
                "has \(shared.count) names in \(file) that are of several classes (\(shared.example)): prompts with "
                    + "them speak for all of these")
        }
    }

    /// Prompts that are cut may all say the same.
    private mutating func checkPrompts(_ names: [[String]]) throws {
        guard let text = plan.model.text, let file = stage.needs.templates,
            let model = stage.from.flatMap(plan.stage).flatMap({ plan.split($0.on)?.tokenizer })
        else { return }
        let tokenizer = try Tokenizer(model: PathText.resolved(model, root: root), context: text.context)
        let prompts = try SplitFiles.templates(path: PathText.resolved(file, root: root)).flatMap { template in
            names.joined().map { template.replacing("{}", with: $0) }
        }
        let cutCount = prompts.count(where: tokenizer.cuts)
        guard cutCount > 0 else { return }
        warn(
            stage.field("templates"),
            "cuts \(cutCount) of its \(prompts.count) prompts, which are longer than the \(text.context) tokens of "
                + "`model.text.context`")
    }

    /// Whether samples have classes.
    private mutating func checkClasses(_ survey: SplitSurvey, _ use: String) -> Bool {
        let labelled = survey.classCount
        guard labelled > 0 else {
            fault(
                source(survey),
                "\(use) split '\(survey.name)', but none of its \(survey.count) samples has a class; give them class "
                    + "folders ('maws data pack folder'), a column `class` ('maws data pack list') or .cls members")
            return false
        }
        if labelled < survey.count {
            warn(
                source(survey),
                "\(use) \(labelled) of the \(survey.count) samples of split '\(survey.name)': the others have no class")
        }
        return areReadable(survey, use)
    }

    /// A run ends when more samples than its split allows cannot be read, which is told before it begins.
    private mutating func areReadable(_ survey: SplitSurvey, _ use: String) -> Bool {
        let (unreadable, looked) = (survey.looked.unreadableClasses, survey.looked.count)
        guard unreadable.count > 0 else { return true }
        let isFault = unreadable.count > skipsMax
        note(
            isFault, source(survey),
            "\(use) split '\(survey.name)', where the class of \(unreadable.count) of the \(looked) samples looked at "
                + "cannot be read (\(unreadable.reason))"
                + (isFault ? "; mend them, or raise `skip_limit`, which allows \(skipsMax)" : ": they are left out"))
        return !isFault
    }
}
