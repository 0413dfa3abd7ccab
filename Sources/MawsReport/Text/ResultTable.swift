import MawsRecords

/// The finished stages of a run as an aligned table in plain text.
package enum ResultTable {
    /// One row a stage and a row of totals; a dash where a stage has no such figure.
    package static func draw(_ stages: [StageSummary]) -> String {
        guard !stages.isEmpty else { return "No stage is finished yet." }
        var table = TextTable(
            header: ["stage", "steps", "time", "images/s", "mfu", "loss", "pushed", "gathered", "top-1"],
            alignments: [.left] + Array(repeating: .right, count: 8))
        for stage in stages { table.add(row(stage)) }
        if stages.count > 1 {
            table.addRule()
            table.add(totals(stages))
        }
        return ([table.draw()] + stages.compactMap(unlabelled)).joined(separator: "\n")
    }

    /// What a figure is not about.
    private static func unlabelled(_ stage: StageSummary) -> String? {
        stage.unlabelled.map {
            "\(stage.stage): \(Figure.count($0)) more samples have no class and are not scored."
        }
    }

    static func row(_ stage: StageSummary) -> [String] {
        [
            stage.stage, orDash(stage.steps, Figure.count), Figure.duration(stage.seconds), stage.imagesPerSecondText,
            stage.mfu.map(Figure.percent) ?? "–", stage.loss.map(Figure.loss) ?? "–",
            orDash(stage.bytesPushed, Figure.bytes),
            orDash(stage.bytesGathered, Figure.bytes), stage.accuracy.map(Figure.percent) ?? "–",
        ]
    }

    /// The stage's figures in one line: `234 steps in 58 s, 2,082 images/s, loss 0.597`.
    package static func sentence(_ stage: StageSummary) -> String {
        let figures = [
            stage.steps > 0 ? "\(Figure.count(stage.steps)) steps in \(Figure.duration(stage.seconds))" : nil,
            stage.steps > 0 ? nil : "\(Figure.count(stage.images)) images in \(Figure.duration(stage.seconds))",
            "\(stage.imagesPerSecondText) images/s", stage.loss.map { "loss \(Figure.loss($0))" },
            stage.accuracy.map { "\(Figure.percent($0)) top-1" }, stage.weightsHash.map { "weights \($0)" },
        ]
        return figures.compactMap(\.self).joined(separator: ", ")
    }

    /// Evaluations take no steps, and nobody counts their bytes.
    private static func orDash(_ value: Int, _ text: (Int) -> String) -> String { value > 0 ? text(value) : "–" }

    static func totals(_ stages: [StageSummary]) -> [String] {
        [
            "total", Figure.count(stages.reduce(0) { $0 + $1.steps }),
            Figure.duration(stages.reduce(0) { $0 + $1.seconds }), "", "", "",
            Figure.bytes(stages.reduce(0) { $0 + $1.bytesPushed }),
            Figure.bytes(stages.reduce(0) { $0 + $1.bytesGathered }), "",
        ]
    }
}

extension StageSummary {
    /// Images the stage went through a second of its wall time.
    var imagesPerSecondText: String {
        seconds > 0 ? Figure.rate(imagesPerSecond: Double(images) / seconds) : "–"
    }
}
