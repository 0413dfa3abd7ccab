import MawsRecords
import MawsTraining

/// Every evaluation's accuracy, whole and class by class.
struct AccuracySection {
    /// More classes than this are not listed one by one.
    static let classLimit = 40

    let results: [ClassificationResult]
    /// What a person calls a stage.
    let title: (_ stage: String) -> String

    func markup() -> Markup { "\(results.map(sentence))\(perClass())" }

    private func sentence(_ result: ClassificationResult) -> Markup {
        let classes = result.classNames.count
        let chance = classes > 0 ? "; guessing gets \(Figure.percent(1 / Double(classes)))" : ""
        return """
            <p><strong>\(title(result.stage))</strong>: \(Figure.percent(result.accuracy)) top-1 on \(result.split) \
            (\(Figure.count(result.rightCount)) of \(Figure.count(result.scoredCount)) images\(chance))\
            \(Self.unlabelled(result))</p>
            \(Self.unpredicted(result))\(result.fit.map(Self.fit))
            """
    }

    private static func unpredicted(_ result: ClassificationResult) -> Markup {
        guard result.unpredictedCount > 0 else { return "" }
        return """
            <p class="alert">The scores of \(Figure.count(result.unpredictedCount)) images are not finite; they have \
            no prediction and count as wrong. The weights are no use.</p>

            """
    }

    /// What the fit of a probe reached.
    private static func fit(_ fit: ProbeFit) -> Markup {
        let reached = """
            \(Figure.count(fit.iterations)) iterations to \(Figure.count(fit.samples)) images with penalty \
            \(Figure.significant(fit.penalty, digits: 3)), down to a gradient of \
            \(Figure.significant(fit.gradientMax, digits: 2)) (goal: \(Figure.significant(fit.tolerance, digits: 1)))
            """
        guard fit.converged else {
            return "<p class=\"alert\">The fit ended before its optimum: \(reached).</p>\n"
        }
        return "<p class=\"note\">Fitted to its optimum: \(reached).</p>\n"
    }

    private static func unlabelled(_ result: ClassificationResult) -> String {
        result.unlabelledCount == 0
            ? "" : "; \(Figure.count(result.unlabelledCount)) more have no class and are not scored"
    }

    /// Recall by class, a column an evaluation, where all evaluations know the same classes.
    private func perClass() -> Markup {
        guard let names = (results.first(where: Self.hasNames) ?? results.first)?.classNames,
            names.count <= Self.classLimit, !names.isEmpty,
            results.allSatisfy({ $0.classNames.count == names.count })
        else { return "" }
        let matrices = results.map(ConfusionMatrix.init)
        let rows = names.indices.map { index -> Markup in
            let cells = matrices.map { bar($0.recall(index)) }
            return "<tr><th scope=\"row\">\(names[index])</th>\(cells)</tr>\n"
        }
        return """
            <h3>Recognised by class</h3>
            <div class="scroll"><table class="bars">
            <thead><tr><td></td>\(results.map { "<th scope=\"col\">\($0.stage)</th>" as Markup })</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }

    /// Whether the classes are called something else than their numbers.
    private static func hasNames(_ result: ClassificationResult) -> Bool {
        result.classNames != result.classNames.indices.map(String.init)
    }

    private func bar(_ share: Double?) -> Markup {
        guard let share else { return "<td class=\"muted\">–</td>" }
        return """
            <td><span class="bar"><span style="width:\(100 * share)%"></span></span>\
            <span class="percent">\(Figure.percent(share))</span></td>
            """
    }
}
