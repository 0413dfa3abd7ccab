import Foundation
import MawsRecords
import MawsReport

/// The page of a live run: what came of it, the fault matrix, when everything happened, each fault, each process.
package struct LivePage {
    let record: LiveRecord

    package init(_ record: LiveRecord) { self.record = record }

    package var html: String { Document(title: "Faults", header: header, main: main).markup.html }

    private var header: Markup {
        let verdict: Markup =
            record.isWhole
            ? "<p class=\"lead\">Every bit is the undisturbed run’s, and no committed step was lost.</p>"
            : "<p class=\"lead alert\">\(record.problems.map { "\($0). " as Markup })</p>"
        return """
            <header><h1>\(Figure.count(record.faults.count)) faults in a run of \(record.plan)</h1>
            \(verdict)
            <div class="figures">\(figures)</div></header>

            """
    }

    private var figures: [Markup] {
        let worst = record.faults.map(\.stalledSeconds).max() ?? 0
        let peers = "\(record.servers) servers and \(record.trainers) trainers"
        return [
            figure(Figure.count(record.commits.count), "steps committed, by \(peers), seed \(record.seed)"),
            figure(Figure.count(record.lostCommits), "committed steps lost"),
            figure(Figure.count(record.recomputedSteps), "computed again, where state was gone"),
            figure("\(Figure.decimal(worst, places: 1)) s", "longest stall by a fault"),
            figure("\(Figure.decimal(100 * record.productiveShare, places: 1)) %", "of the time productive"),
        ]
    }

    private func figure(_ value: String, _ name: String) -> Markup {
        "<div class=\"figure\"><span class=\"value\">\(value)</span><span class=\"name\">\(name)</span></div>\n"
    }

    private var main: Markup {
        """
        <h2>Fault matrix</h2>
        <p class="note">Seconds without a commit beyond a step’s time, the worst of a kind; in brackets how often.</p>
        \(matrix)
        <h2>When</h2>
        \(FaultTimeline(record).markup)
        <h2>Each fault</h2>
        \(faults)
        <h2>Each process</h2>
        \(processes)

        """
    }

    private var matrix: Markup {
        let roles = ["trainer", "server", "coordinator", "link"]
        let kinds = FaultKind.allCases.filter { kind in record.faults.contains { $0.kind == kind } }
        let rows = kinds.map { kind -> Markup in
            let cells = roles.map { role in cell(record.faults.filter { $0.kind == kind && $0.role == role }) }
            return "<tr><th>\(kind.rawValue)</th>\(cells)</tr>\n"
        }
        let head = ([""] + roles).map { "<th>\($0)</th>" as Markup }
        return """
            <div class="scroll"><table class="plain"><thead><tr>\(head)</tr></thead>
            <tbody>\(rows)</tbody></table></div>

            """
    }

    private func cell(_ faults: [LiveRecord.FaultRecord]) -> Markup {
        guard let worst = faults.map(\.stalledSeconds).max() else { return "<td class=\"muted\">–</td>" }
        return "<td>\(Figure.decimal(worst, places: 1)) s (\(faults.count))</td>"
    }

    private var faults: Markup {
        let rows = record.faults.map { fault -> Markup in
            """
            <tr><td>\(fault.number)</td><td class="text">\(fault.kind.rawValue)</td>\
            <td class="text">\(fault.target)</td>\
            <td class="text">\(fault.note)</td><td class="text">\(fault.newestCommit)</td>\
            <td>\(Figure.decimal(fault.begin, places: 1))</td>\
            <td>\(Figure.decimal(fault.end - fault.begin, places: 1))</td>\
            <td>\(Figure.decimal(fault.stalledSeconds, places: 1))</td>\
            <td>\(Figure.decimal(fault.recoverySeconds, places: 1))</td></tr>

            """
        }
        return table(
            [
                "", "fault", "of", "what it did", "after", "at, s", "for, s", "stalled, s",
                "next commit after its end, s",
            ], rows)
    }

    private var processes: Markup {
        let rows = record.processes.map { process -> Markup in
            let memory = process.residentBytes.filter { $0 > 0 }.map(Figure.bytes).joined(separator: " → ")
            let files = process.descriptors.filter { $0 > 0 }.map(String.init).joined(separator: " → ")
            return """
                <tr><td class="text">\(process.name)</td><td>\(process.starts)</td><td>\(memory)</td><td>\(files)</td>\
                <td class="text">\(process.ends.joined(separator: "; "))</td></tr>

                """
        }
        return table(["", "starts", "resident", "descriptors", "ended by itself"], rows)
    }

    private func table(_ head: [String], _ rows: [Markup]) -> Markup {
        let cells = head.map { "<th class=\"text\">\($0)</th>" as Markup }
        return """
            <div class="scroll"><table class="plain"><thead><tr>\(cells)</tr></thead>
            <tbody>\(rows)</tbody></table></div>

            """
    }
}

extension LiveRecord {
    /// Why the run is not as it must be.
    package var problems: [String] {
        let lost = lostCommits > 0 ? ["\(lostCommits) committed steps are lost"] : []
        let late = missed > 0 ? ["the run ended before \(missed) of its faults could happen: give it more steps"] : []
        return differences + lost + late
    }
}
