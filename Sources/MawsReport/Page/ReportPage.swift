import MawsBase
import MawsPlan
import MawsRecords
import MawsTraining

/// The page, section by section. A section without anything to show is left out.
struct ReportPage {
    let record: RunRecord
    /// With another run; nil: this one is shown by itself.
    let comparison: RunComparison?
    let machine: String
    let material: PageMaterial

    func markup() -> Markup {
        let sections = sections().filter { !$0.body.html.isEmpty }
        return Document(title: record.name, header: header(sections), main: "\(sections.map(\.markup))").markup
    }

    /// The sections of kinds of stages that train, or of those that evaluate.
    private func ofStages(training: Bool) -> [PageSection] {
        StageSections.all.filter { (StageKinds.task($0.kind)?.trains == true) == training }
            .flatMap { $0.sections(material) }
    }

    private func sections() -> [PageSection] {
        let charts = record.trainedStages.map { stage in
            StageCharts(
                stage: stage, title: record.title(stage), steps: record.steps.filter { $0.stage == stage },
                comparison: comparison
            ).markup()
        }
        let results = [
            PageSection(id: "result", title: "Result", body: result()),
            PageSection(id: "comparison", title: "Against another run", body: comparison?.markup() ?? ""),
            PageSection(id: "training", title: "Training", body: "\(charts)"),
        ]
        let classifiers = [
            PageSection(id: "accuracy", title: "Accuracy", body: accuracy()),
            PageSection(id: "mistakes", title: "What was taken for what", body: "\(mistakes())"),
        ]
        return results + ofStages(training: true) + classifiers + ofStages(training: false) + ofRun()
    }

    private func ofRun() -> [PageSection] {
        [
            PageSection(
                id: "samples", title: "What became of the samples", body: SampleSection(record: record).markup()),
            PageSection(id: "skipped", title: "Samples skipped", body: skipped()),
            PageSection(id: "weights", title: "Weights", body: WeightSection(record: record).markup()),
            PageSection(id: "machines", title: "Machines", body: MachineSection(machines: record.machines).markup()),
            PageSection(id: "events", title: "Events", body: EventSection(log: record.coordinatorLog).markup()),
            PageSection(id: "starts", title: "Versions and starts", body: StartSection(starts: record.starts).markup()),
            PageSection(id: "plan", title: "Plan", body: plan()),
        ]
    }

    private func skipped() -> Markup {
        let shown = record.skipped.prefix(100).map { "<li>\($0.stage): \($0.sample)</li>\n" as Markup }
        guard !shown.isEmpty else { return "" }
        let rest = record.skipped.count - shown.count
        let more: Markup = rest > 0 ? "<p>… and \(rest) more, in skipped.jsonl.</p>\n" : ""
        return "<ul>\n\(shown)</ul>\n\(more)"
    }

    private func header(_ sections: [PageSection]) -> Markup {
        let facts = [
            record.plan.map { "seed \($0.seed)" },
            record.plan.map { ModelText.image($0.model.image) },
            record.plan?.model.text.map { "text tower \(ModelText.text($0))" },
        ].compactMap(\.self)
        let links = sections.map { "<a href=\"#\($0.id)\">\($0.title)</a>\n" as Markup }
        return """
            <header>
            <h1>\(record.name)</h1>
            <p class="lead">\(facts.joined(separator: " · "))</p>
            <p class="note">\(starts())Report written on \(machine).</p>
            \(record.damage.map { "<p class=\"alert\">\($0)</p>\n" as Markup })
            <div class="figures">
            \(figures())</div>
            <nav>
            \(links)</nav>
            </header>
            """
    }

    /// Which versions computed the run, where; nothing of a run that did not record it.
    private func starts() -> String {
        guard let first = record.starts.first else { return "" }
        var versions: [String] = []
        for start in record.starts {
            let version = "maws \(start.version), build \(start.build)"
            if !versions.contains(version) { versions.append(version) }
        }
        let count = record.starts.count
        let times = count == 1 ? "once" : "\(count) times"
        return "Computed by \(versions.joined(separator: "; then ")), started \(times), first at \(first.at) on "
            + "\(first.host). "
    }

    private func figures() -> [Markup] {
        let seconds = record.stages.reduce(0) { $0 + $1.seconds }
        let images = record.stages.reduce(0) { $0 + $1.images }
        let steps = record.stages.reduce(0) { $0 + $1.steps }
        let accuracies = record.evaluations.map {
            Self.figure(
                Figure.percent($0.headline.share), "\(record.title($0.stage)), \($0.headline.name)", "on \($0.split)")
        }
        return accuracies + [
            Self.figure(Figure.duration(seconds), "in all", "\(record.stages.count) finished stages"),
            Self.figure(Figure.count(images), "images", "in \(Figure.count(steps)) steps"),
        ]
    }

    private static func figure(_ value: String, _ name: String, _ more: String) -> Markup {
        """
        <div class="figure"><span class="value">\(value)</span><span class="name">\(name)</span>\
        <span class="muted">\(more)</span></div>

        """
    }

    private func result() -> Markup {
        guard !record.stages.isEmpty else { return "<p class=\"note\">No stage is finished yet.</p>\n" }
        let rows = record.stages.map { stage in
            Self.row(ResultTable.row(stage), traffic: stage.steps > 0 ? Self.perStep(stage) : "–")
        }
        return """
            <div class="scroll"><table class="plain stack">
            <thead><tr><th scope="col">stage</th>\
            \(Self.titles.map { "<th scope=\"col\">\($0)</th>" as Markup })</tr></thead>
            <tbody>
            \(rows)</tbody>
            <tfoot>\(Self.row(ResultTable.totals(record.stages), traffic: ""))</tfoot>
            </table></div>
            <p class="note">Pushed are gradients and rows from trainers to servers, gathered are weights and rows from \
            servers to trainers; “per step” is the two together, averaged over the stage. \
            MFU is the share of the trainers' own rate of one large \
            matrix product that the model's products came to.</p>

            """
    }

    private static func perStep(_ stage: StageSummary) -> String {
        Figure.bytes((stage.bytesPushed + stage.bytesGathered) / stage.steps)
    }

    /// A row of the result table with the traffic of a step put before the accuracy.
    private static func row(_ cells: [String], traffic: String) -> Markup {
        let figures = cells[1..<8] + [traffic] + cells[8...]
        let named = zip(titles, figures).map { title, figure -> Markup in
            let isEmpty = figure.isEmpty || figure == "–"
            return "<td\(Markup(html: isEmpty ? " class=\"empty\"" : "")) data-title=\"\(title)\">\(figure)</td>"
        }
        return "<tr><th scope=\"row\">\(cells[0])</th>\(named)</tr>\n"
    }

    private static let titles = ["steps", "time", "images/s", "MFU", "loss", "pushed", "gathered", "per step", "top-1"]

    private func accuracy() -> Markup {
        record.classifications.isEmpty
            ? "" : AccuracySection(results: record.classifications, title: record.title).markup()
    }

    private func mistakes() -> [Markup] {
        record.classifications.filter { !$0.classNames.isEmpty && $0.scoredCount > 0 }.map { result in
            "<h3>\(record.title(result.stage))</h3>\n" + ConfusionSection(matrix: ConfusionMatrix(result)).markup()
        }
    }

    private func plan() -> Markup {
        // A report is sent around; tokens in addresses stay with the run.
        record.planText.map(Secrets.hidden).map {
            "<details><summary>The plan as it was resolved</summary>\n<pre>\($0)</pre>\n</details>\n"
        }
            ?? "<p class=\"note\">plan.yaml is not in the run folder.</p>\n"
    }
}
