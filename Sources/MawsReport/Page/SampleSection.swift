import MawsData
import MawsRecords

/// What became of the samples, stage by stage: a table of fates and reasons with their counts and examples.
struct SampleSection {
    let record: RunRecord

    func markup() -> Markup {
        let stages = record.stageSamples.filter { !$0.account.isEmpty }
        guard !stages.isEmpty else { return "" }
        return """
            <div class="scroll"><table class="plain">
            <thead><tr><th scope="col">stage</th><th scope="col">what became of the samples</th>\
            <th scope="col">samples</th><th scope="col">for instance</th></tr></thead>
            <tbody>
            \(stages.map(rows))</tbody></table></div>
            \(warnings())
            """
    }

    private func rows(_ stage: StageSamples) -> Markup {
        let taken = Self.row(stage.stage, SampleAccount.Fate.taken.title, stage.account.takenCount, "")
        let others = SampleAccount.Fate.allCases.flatMap { fate in
            stage.account.entries(fate).map { entry in
                Self.row("", "\(fate.title): \(entry.reason)", entry.count, SampleTable.examples(entry))
            }
        }
        return "\(taken)\(others)"
    }

    private static func row(_ stage: String, _ what: String, _ count: Int, _ examples: String) -> Markup {
        """
        <tr><th scope="row">\(stage)</th><td style="text-align:left">\(what)</td><td>\(Figure.count(count))</td>\
        <td style="text-align:left">\(examples)</td></tr>

        """
    }

    private func warnings() -> Markup {
        let list = (record.survey?.warnings ?? []).map { "<li>\($0.sentence)</li>\n" as Markup }
        return list.isEmpty ? "" : "<ul>\n\(list)</ul>\n"
    }
}
