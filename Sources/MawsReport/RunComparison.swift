import MawsRecords

/// Two runs of one plan side by side, in another precision for instance: how far apart their losses and results are.
package struct RunComparison {
    let run: RunRecord
    let other: RunRecord

    /// - Parameters:
    ///   - folder: of the run that is reported on.
    ///   - other: folder of the run that it is compared with.
    package init(folder: String, other: String) throws {
        self.init(run: try RunRecord(RunFolder(folder)), other: try RunRecord(RunFolder(other)))
    }

    init(run: RunRecord, other: RunRecord) { (self.run, self.other) = (run, other) }

    /// What the two are called: the last parts of their folders' paths, or where those are equal the whole paths.
    var names: (run: String, other: String) {
        run.name == other.name ? (run.folder.path, other.folder.path) : (run.name, other.name)
    }

    /// How far the smoothed losses of a stage are apart where both runs have the step.
    package struct Distance: Codable, Hashable, Sendable {
        package var stage: String
        package var steps: Int
        /// The largest |this − other| / |other|, and its step.
        package var largest: Double
        package var atStep: Int
    }

    /// The distances of the training stages that both runs have steps of.
    package var distances: [Distance] {
        run.trainedStages.compactMap { stage in
            let own = Self.loss(run, stage)
            let others = Dictionary(Self.loss(other, stage).points.map { ($0.x, $0.y) }) { _, last in last }
            let apart = own.points.compactMap { point in
                others[point.x].map { (step: Int(point.x), distance: abs(point.y - $0) / max(abs($0), 1e-12)) }
            }
            guard let most = apart.max(by: { $0.distance < $1.distance }) else { return nil }
            return Distance(stage: stage, steps: apart.count, largest: most.distance, atStep: most.step)
        }
    }

    static func loss(_ record: RunRecord, _ stage: String) -> Curve {
        let steps = record.steps.filter { $0.stage == stage }
        return Curve(steps.map { Curve.Point(x: Double($0.step), y: $0.loss) }).smoothed()
    }

    /// One row for each stage that both finished.
    var rows: [[String]] {
        let distances = distances
        return run.stages.compactMap { stage in
            guard let same = other.stages.first(where: { $0.stage == stage.stage }) else { return nil }
            let distance = distances.first { $0.stage == stage.stage }
            let points = stage.accuracy.flatMap { own in same.accuracy.map { 100 * (own - $0) } }
            return [
                stage.stage, Self.orDash(stage.loss, Figure.loss), Self.orDash(same.loss, Figure.loss),
                Self.orDash(distance) { "\(Figure.significant(100 * $0.largest, digits: 2)) %, step \($0.atStep)" },
                Self.orDash(stage.accuracy, Figure.percent), Self.orDash(same.accuracy, Figure.percent),
                Self.orDash(points) { "\($0 < 0 ? "−" : "+")\(Figure.decimal(abs($0), places: 2))" },
            ]
        }
    }

    static let titles = [
        "stage", "loss", "other's", "smoothed losses apart", "top-1", "other's", "points",
    ]

    private static func orDash<Value>(_ value: Value?, _ text: (Value) -> String) -> String {
        value.map(text) ?? "–"
    }

    /// The rows as an aligned table in plain text.
    package func draw() -> String {
        let rows = rows
        guard !rows.isEmpty else { return "\(names.other) finished none of the stages that \(names.run) did." }
        var table = TextTable(
            header: Self.titles, alignments: [.left] + Array(repeating: .right, count: Self.titles.count - 1))
        for row in rows { table.add(row) }
        return "against \(names.other):\n\(table.draw())"
    }

    func markup() -> Markup {
        let rows = rows.map { cells -> Markup in
            let figures = cells[1...].map { "<td>\($0)</td>" as Markup }
            return "<tr><th scope=\"row\">\(cells[0])</th>\(figures)</tr>\n"
        }
        guard !rows.isEmpty else { return "" }
        let head = Self.titles.map { "<th scope=\"col\">\($0)</th>" as Markup }
        return """
            <p class="note">\(names.run) against \(names.other). Apart: the largest distance of the smoothed losses at \
            a step, as a share of the other's.</p>
            <div class="scroll"><table class="plain">
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(rows)</tbody>
            </table></div>

            """
    }
}
