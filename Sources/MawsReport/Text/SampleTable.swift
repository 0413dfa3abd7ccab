import MawsData
import MawsRecords

/// What became of the samples, as a table for a terminal: the fates, their reasons, how many and which for instance.
package enum SampleTable {
    private static let exampleLengthMax = 60

    /// Empty where nothing was counted.
    package static func draw(_ account: SampleAccount, title: String = "what became of the samples") -> String {
        guard !account.isEmpty else { return "" }
        var table = TextTable(header: [title, "", "for instance"], alignments: [.left, .right, .left])
        table.add([SampleAccount.Fate.taken.title, Figure.count(account.takenCount), ""])
        for fate in SampleAccount.Fate.allCases where fate != .taken {
            let entries = account.entries(fate)
            guard !entries.isEmpty else { continue }
            // What is incomplete in two ways counts twice, so that a sum of it says nothing.
            table.add([fate.title, fate == .incomplete ? "" : Figure.count(account.count(fate)), ""])
            for entry in entries {
                table.add(["  \(entry.reason)", Figure.count(entry.count), examples(entry)])
            }
        }
        return table.draw()
    }

    /// What will become of the samples of each stage of a plan.
    package static func draw(_ survey: PlanSurvey) -> String {
        var table = TextTable(
            header: ["stage", "reads", "samples", "what becomes of them"], alignments: [.left, .left, .right, .left])
        for stage in survey.stages {
            for split in stage.splits {
                table.add([stage.stage, split.name, Figure.count(split.count), "\(split.account)"])
            }
        }
        return table.draw()
    }

    static func examples(_ entry: SampleAccount.Entry) -> String {
        let names = entry.examples.map(short)
        return names.joined(separator: "; ") + (entry.count > names.count && !names.isEmpty ? "; …" : "")
    }

    /// The end of a name says more than its beginning.
    private static func short(_ name: String) -> String {
        let plain = String(name.map { $0.isNewline || $0 == "\t" ? " " : $0 })
        return plain.count > exampleLengthMax ? "…" + plain.suffix(exampleLengthMax - 1) : plain
    }
}
