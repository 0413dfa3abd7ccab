import MawsPlan
import MawsTraining

/// The page, section by section. A section without anything to show is left out.
struct ReportPage {
    let record: RunRecord
    /// With another run; nil: this one is shown by itself.
    let comparison: RunComparison?
    let machine: String
    let reconstructions: [ReconstructionSection]
    /// Images of a split for its evaluations.
    let thumbnails: (_ split: String) -> Thumbnails

    func markup() -> Markup {
        let sections = sections().filter { !$0.body.html.isEmpty }
        return Document(title: record.name, header: header(sections), main: "\(sections.map(\.markup))").markup
    }

    private struct Section {
        var id: String
        var title: String
        var body: Markup

        var markup: Markup { "<section id=\"\(id)\">\n<h2>\(title)</h2>\n\(body)</section>\n" }
    }

    private func sections() -> [Section] {
        let charts = record.trainedStages.map { stage in
            StageCharts(stage: stage, steps: record.steps.filter { $0.stage == stage }, comparison: comparison).markup()
        }
        return [
            Section(id: "result", title: "Result", body: result()),
            Section(id: "comparison", title: "Against another run", body: comparison?.markup() ?? ""),
            Section(id: "training", title: "Training", body: "\(charts)"),
            Section(id: "reconstructions", title: "Reconstructions", body: "\(reconstructions.map { $0.markup() })"),
            Section(id: "accuracy", title: "Accuracy", body: accuracy()),
            Section(id: "captions", title: "Images and captions", body: "\(captions())"),
            Section(id: "samples", title: "What became of the samples", body: SampleSection(record: record).markup()),
            Section(id: "skipped", title: "Samples passed over", body: skipped()),
            Section(id: "weights", title: "Weights", body: weights()),
            Section(id: "plan", title: "Plan", body: plan()),
        ]
    }

    private func skipped() -> Markup {
        let shown = record.skipped.prefix(100).map { "<li>\($0.stage): \($0.sample)</li>\n" as Markup }
        guard !shown.isEmpty else { return "" }
        let rest = record.skipped.count - shown.count
        let more: Markup = rest > 0 ? "<p>… and \(rest) more, in skipped.jsonl.</p>\n" : ""
        return "<ul>\n\(shown)</ul>\n\(more)"
    }

    private func header(_ sections: [Section]) -> Markup {
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
            <p class="note">Report written on \(machine).</p>
            \(record.damage.map { "<p class=\"alert\">\($0)</p>\n" as Markup })
            <div class="figures">
            \(figures())</div>
            <nav>
            \(links)</nav>
            </header>
            """
    }

    private func figures() -> [Markup] {
        let seconds = record.stages.reduce(0) { $0 + $1.seconds }
        let images = record.stages.reduce(0) { $0 + $1.images }
        let steps = record.stages.reduce(0) { $0 + $1.steps }
        let accuracies = record.evaluations.map {
            Self.figure(Figure.percent($0.accuracy), "\($0.stage) top-1", "on \($0.split)")
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
        let titles = ["steps", "time", "images/s", "MFU", "loss", "pushed", "gathered", "per step", "top-1"]
        let rows = record.stages.map { stage in
            Self.row(ResultTable.row(stage), traffic: stage.steps > 0 ? Self.perStep(stage) : "–")
        }
        return """
            <div class="scroll"><table class="plain">
            <thead><tr><th scope="col">stage</th>\(titles.map { "<th scope=\"col\">\($0)</th>" as Markup })</tr></thead>
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
        return "<tr><th scope=\"row\">\(cells[0])</th>\(figures.map { "<td>\($0)</td>" as Markup })</tr>\n"
    }

    private func accuracy() -> Markup {
        record.evaluations.isEmpty ? "" : AccuracySection(results: record.evaluations).markup()
    }

    private func captions() -> [Markup] {
        let results = record.evaluations.filter { record.isZeroShot($0) && !$0.classNames.isEmpty }
        return results.map { result in
            let matrix = ConfusionMatrix(result)
            let title: Markup = results.count > 1 ? "<h3>\(result.stage)</h3>\n" : ""
            return title + ConfusionSection(matrix: matrix).markup()
                + CaptionSection(result: result, matrix: matrix, thumbnails: thumbnails(result.split)).markup()
        }
    }

    private func weights() -> Markup {
        let rows = record.stages.compactMap { stage in
            stage.weightsHash.map {
                "<tr><th scope=\"row\">\(stage.stage)</th><td><code>\($0)</code></td></tr>\n" as Markup
            }
        }
        guard !rows.isEmpty else { return "" }
        return """
            <p class="note">SHA-256 of each stage's final weights. The same plan, data and compute profile give the \
            same, however many servers and trainers there were and whoever died.</p>
            <table class="plain hashes"><tbody>
            \(rows)</tbody></table>

            """
    }

    private func plan() -> Markup {
        record.planText.map {
            "<details><summary>The plan as it was resolved</summary>\n<pre>\($0)</pre>\n</details>\n"
        }
            ?? "<p class=\"note\">plan.yaml is not in the run folder.</p>\n"
    }
}
