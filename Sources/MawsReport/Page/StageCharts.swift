import MawsRecords

/// The curves of one training stage.
struct StageCharts {
    let stage: String
    let title: String
    let steps: [StepMetrics]
    let comparison: RunComparison?

    func markup() -> Markup {
        let charts = [loss(), speed(), learningRate(), gradientNorm(), traffic(), mfu()]
            .compactMap { $0.markup() }
        guard !charts.isEmpty else { return "" }
        return """
            <section>
            <h3>\(title)</h3>
            \(skips())
            <div class="charts">
            \(charts)</div>
            </section>

            """
    }

    private func skips() -> Markup {
        let skipped = steps.filter { $0.skipped == true }.map { String($0.step) }
        guard !skipped.isEmpty else { return "" }
        let shown = skipped.prefix(20).joined(separator: ", ") + (skipped.count > 20 ? ", …" : "")
        return """
            <p class="note">\(skipped.count) of \(steps.count) steps were skipped, their loss or gradient not being \
            finite: \(shown).</p>
            """
    }

    private func loss() -> LineChart {
        let raw = curve { $0.loss }
        var lines = [line("", raw, "raw"), line(comparison?.names.run ?? "", raw.smoothed(), "first")]
        if let comparison {
            lines.append(line(comparison.names.other, RunComparison.loss(comparison.other, stage), "second"))
        }
        return LineChart(title: "Loss", unit: "by step; the raw values are faint", lines: lines)
    }

    /// Steps that took no time that anybody measured have no speed.
    private func speed() -> LineChart {
        let points = steps.filter { $0.seconds > 0 }.map {
            Curve.Point(x: Double($0.step), y: Double($0.images) / $0.seconds)
        }
        return LineChart(
            title: "Speed", unit: "images/s",
            lines: [line("", Curve(points), "raw"), line("", Curve(points).smoothed(), "first")], startsAtZero: true)
    }

    private func learningRate() -> LineChart {
        LineChart(title: "Learning rate", lines: [line("", curve { $0.learningRate }, "first")], startsAtZero: true)
    }

    private func gradientNorm() -> LineChart {
        let raw = curve { $0.gradientNorm }
        return LineChart(
            title: "Gradient norm", unit: "before clipping",
            lines: [line("", raw, "raw"), line("", raw.smoothed(), "first")],
            startsAtZero: true)
    }

    private func traffic() -> LineChart {
        let largest = steps.map { max($0.bytesPushed, $0.bytesGathered) }.max() ?? 0
        let unit = Figure.byteUnit(Double(largest))
        return LineChart(
            title: "Traffic", unit: "\(unit.name) a step",
            lines: [
                line("pushed", curve { Double($0.bytesPushed) / unit.size }, "first"),
                line("gathered", curve { Double($0.bytesGathered) / unit.size }, "second"),
            ], startsAtZero: true)
    }

    private func mfu() -> LineChart {
        let points = steps.compactMap { step in
            step.mfu.map { Curve.Point(x: Double(step.step), y: 100 * $0) }
        }
        return LineChart(
            title: "Model-FLOPs utilisation", unit: "% of the rate of one large product",
            lines: [line("", Curve(points), "raw"), line("", Curve(points).smoothed(), "first")], startsAtZero: true)
    }

    private func curve(_ value: (StepMetrics) -> Double) -> Curve {
        Curve(steps.map { Curve.Point(x: Double($0.step), y: value($0)) })
    }

    private func line(_ name: String, _ curve: Curve, _ style: String) -> LineChart.Line {
        LineChart.Line(name: name, curve: curve, style: style)
    }
}
