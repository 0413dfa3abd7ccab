import Foundation
import MawsBase
import MawsData
import MawsForecast
import MawsPlan
import MawsTraining

/// What a plan amounts to: cluster, models, and a table of its stages.
struct PlanSummary {
    let plan: Plan
    let data: PlanData
    let disk: DiskForecast

    func text() -> String {
        let rows = [Self.titles] + plan.stages.map(row)
        let lines = headings + [""] + PlanSummary.align(rows) + ["", Self.legend, ""] + totals + ["", ""]
        return lines.joined(separator: "\n")
    }

    /// What the plan alone tells of the whole run.
    private var totals: [String] {
        let steps = plan.stages.filter(\.trains).reduce(0) {
            $0 + $1.stepCount(samples: data.sampleCount($1.on, for: $1))
        }
        let free = disk.freeBytes.map { ", of which \(Self.bytes($0)) are free where \(plan.run) is" } ?? ""
        let line = "the run: \(steps) steps in \(plan.stages.count) stages; on disk at most \(Self.bytes(disk.bytes))"
        guard let bytes = disk.freeBytes, bytes < disk.bytes, plan.cluster.isLocal else { return [line + free] }
        return [
            line,
            "warning: only \(Self.bytes(bytes)) are free where \(plan.run) is; keep fewer checkpoints, or "
                + "give the run another disk by --run",
        ]
    }

    // MARK: Headings

    private var headings: [String] {
        let image = plan.model.image
        let channels = image.channels == 1 ? "grey" : "colour"
        let tower =
            "image tower: \(image.preset ?? "free size"), \(image.depth) blocks of width \(image.width) with "
            + "\(image.heads) heads, \(image.patchCount) patches of \(image.patch) px at \(image.size) px \(channels), "
            + "\(Self.count(image.parameterCount)) parameters"
        let text = plan.model.text.map { text in
            "text tower:  \(text.preset ?? "free size"), \(text.depth) blocks of width \(text.width) with "
                + "\(text.heads) heads, \(text.vocabulary) tokens, context \(text.context), embedding \(text.embedding)"
        }
        return ["run \(plan.run), seed \(plan.seed), \(plan.precision.rawValue)", cluster, tower]
            + (text.map { [$0] } ?? [])
    }

    private var cluster: String {
        let cluster = plan.cluster
        guard cluster.isLocal else {
            return "cluster: waits on \(cluster.listen) for \(cluster.servers) servers and any number of trainers"
        }
        return "cluster: local, servers: \(cluster.servers), trainers: \(cluster.trainers), threads of each: "
            + "\(cluster.threads)"
    }

    // MARK: Table

    private static let titles = [
        "stage", "kind", "from", "on", "samples", "steps", "batch", "units", "weights", "trained", "FLOP/sample",
        "gathered", "frozen", "pushed", "state",
    ]

    private static let legend = """
        weights, trained: parameters of all blocks and of the trained ones. FLOP/sample: matrix products, forward and
        backward. gathered: bytes each trainer fetches a step; frozen: those it fetches once. pushed: bytes of a step's
        gradients, all trainers together, each unit's by itself; less where neighbours leave as one sum. state: bytes of
        all servers' state files. Bytes are those of plain fp32.
        """

    private func row(_ stage: StagePlan) -> [String] {
        let table = StageModel.table(stage, in: plan)
        let cost = StageCost(
            plan: plan, stage: stage, parameters: table.parameterCount, trainable: table.trainableCount)
        let samples = data.sampleCount(stage.on, for: stage)
        let steps = stage.trains ? String(stage.stepCount(samples: samples)) : "-"
        return [
            stage.name, stage.kind.rawValue, stage.from ?? "-", stage.on, String(samples), steps,
            stage.trains ? String(stage.batch) : "-", units(stage, samples), Self.count(cost.parameters),
            Self.count(cost.trainable), Self.count(cost.operationsPerSample), Self.bytes(cost.gatherBytesPerStep),
            Self.bytes(cost.gatherBytesOnce), Self.bytes(cost.pushBytesPerStep), Self.bytes(cost.stateBytes),
        ]
    }

    /// Units of a step; of an evaluation those of its splits, of which the last may be smaller.
    private func units(_ stage: StagePlan, _ count: Int) -> String {
        if stage.trains { return "\(stage.unitsPerStep) × \(stage.unit)" }
        let fitted = stage.needs.trainSplit.map { data.sampleCount($0, for: stage) } ?? 0
        let units = [count, fitted].reduce(0) { $0 + ($1 + stage.unit - 1) / stage.unit }
        return "\(units) × \(stage.unit)"
    }

    // MARK: Formatting

    /// Columns padded to their widest cell.
    /// - Parameter textColumns: at the left, which begin together; the others end together.
    static func align(_ rows: [[String]], textColumns: Int = 4) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column < textColumns ? cell.0 + padding : padding + cell.0
            }
            return cells.joined(separator: "  ")
        }
    }

    /// `1.23 M`: three digits and a decimal prefix.
    static func count(_ value: Double) -> String {
        let prefixes = ["", " k", " M", " G", " T", " P"]
        var scaled = value
        var prefix = 0
        while scaled >= 999.5 && prefix < prefixes.count - 1 {
            scaled /= 1000
            prefix += 1
        }
        if prefix == 0 { return String(format: "%.0f", scaled) }
        return String(format: scaled < 9.995 ? "%.2f" : scaled < 99.95 ? "%.1f" : "%.0f", scaled) + prefixes[prefix]
    }

    static func count(_ value: Int) -> String { count(Double(value)) }

    static func bytes(_ value: Int) -> String {
        let text = count(Double(value))
        return text.contains(" ") ? text + "B" : text + " B"
    }
}
