import Foundation
import MawsRecords
import MawsTraining

/// Where each stage's weights lie in the run folder, with their hashes.
struct WeightSection {
    let record: RunRecord

    private struct Row {
        var stage: String
        var path: String
        var hash: String
    }

    func markup() -> Markup {
        let rows = rows()
        guard !rows.isEmpty else { return "" }
        return """
            <p class="note">Where each stage's final weights lie in \(record.folder.path), and their SHA-256. The same \
            plan, data and compute profile give the same, however many servers and trainers there were and whoever \
            died.</p>
            <div class="scroll"><table class="plain hashes"><tbody>
            \(rows.map(markup))</tbody></table></div>

            """
    }

    private func rows() -> [Row] {
        let trained = record.stages.compactMap { stage in
            stage.weightsHash.map {
                Row(stage: stage.stage, path: "checkpoints/\(stage.stage)-\(stage.steps)", hash: $0)
            }
        }
        let probes = record.classifications.compactMap { result -> Row? in
            guard let file = result.fit?.weightsFile, let hash = result.fit?.weightsHash else { return nil }
            return Row(stage: result.stage, path: "results/\(file)", hash: hash)
        }
        return trained + probes
    }

    private func markup(_ row: Row) -> Markup {
        let isThere = FileManager.default.fileExists(atPath: "\(record.folder.path)/\(row.path)")
        let gone: Markup = isThere ? "" : "<span class=\"muted\"> (no longer there)</span>"
        return """
            <tr><th scope="row">\(row.stage)</th><td><code>\(row.path)</code>\(gone)<br />\
            <code class="muted">\(row.hash)</code></td></tr>

            """
    }
}
