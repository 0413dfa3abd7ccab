import Foundation
import MawsRecords

/// The confusion matrix as a heat map with numbers.
struct ConfusionSection {
    /// More classes than this do not fit a page: the ones with the most mistakes stand for all.
    static let classLimit = 24

    let matrix: ConfusionMatrix

    func markup() -> Markup {
        let shown = matrix.hardest(Self.classLimit)
        let columns = shown.map { "<th scope=\"col\"><span>\(matrix.classNames[$0])</span></th>" as Markup }
        return """
            \(note(shown.count))
            <div class="scroll"><table class="confusion">
            <thead><tr><td class="corner"></td>\(columns)\
            <th scope="col" class="share"><span>recall</span></th></tr></thead>
            <tbody>
            \(shown.map { row($0, columns: shown) })</tbody>
            <tfoot><tr><th scope="row">precision</th>\(shown.map { share(matrix.precision($0)) })<td></td></tr></tfoot>
            </table></div>

            """
    }

    private func note(_ shown: Int) -> Markup {
        let total = matrix.classNames.count
        let part =
            shown < total ? " The \(shown) of \(Figure.count(total)) classes with the most mistakes are shown." : ""
        return """
            <p class="note">A row is a class, a column what its images were taken for. The stronger the colour, the \
            larger the share of the row.\(part)</p>
            """
    }

    private func row(_ truth: Int, columns: [Int]) -> Markup {
        let support = matrix.support(truth)
        let cells = columns.map { prediction -> Markup in
            let count = matrix.counts[truth][prediction]
            guard count > 0 else { return "<td class=\"none\">·</td>" }
            let share = Double(count) / Double(support)
            let title =
                "\(matrix.classNames[truth]) taken for \(matrix.classNames[prediction]): \(Figure.percent(share))"
            let isHit = truth == prediction
            // Powers below one let a few mistakes among thousands still show.
            let strength = isHit ? pow(share, 0.6) : min(1, pow(2 * share, 0.5))
            let style = isHit ? (strength > 0.6 ? "hit strong" : "hit") : "miss"
            return """
                <td class="\(style)" style="--share:\(strength)" \
                title="\(title)">\(count)</td>
                """
        }
        return """
            <tr><th scope="row">\(matrix.classNames[truth])</th>\(cells)\(share(matrix.recall(truth)))</tr>

            """
    }

    private func share(_ value: Double?) -> Markup {
        "<td class=\"share\">\(value.map { Figure.decimal(100 * $0, places: 1) } ?? "–")</td>"
    }
}
