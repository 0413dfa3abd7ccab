import MawsRecords
import MawsTraining

/// For each class caption, the images that suit it best and those most surely taken for another's.
struct CaptionSection {
    static let classLimit = 24
    static let imageLimit = 6

    let result: ClassificationResult
    let matrix: ConfusionMatrix
    let thumbnails: Thumbnails

    func markup() -> Markup {
        guard thumbnails.apology.isEmpty else {
            return "<h3>Best and worst images of each caption</h3>\n<p class=\"note\">\(thumbnails.apology)</p>\n"
        }
        let shown = matrix.hardest(Self.classLimit).filter { matrix.support($0) > 0 }
        return """
            <h3>Best and worst images of each caption</h3>
            <p class="note">Best: recognised with the highest score. Worst: mistaken with the widest lead of the wrong \
            caption; underneath, what each was taken for.</p>
            <div class="captions">
            \(shown.map(card))</div>

            """
    }

    private func card(_ classIndex: Int) -> Markup {
        let extremes = CaptionExtremes(result, classIndex: classIndex, limit: Self.imageLimit)
        let recall = matrix.recall(classIndex).map(Figure.percent) ?? "–"
        return """
            <section class="caption">
            <h4>\(result.classNames[classIndex])<span class="muted">\(recall) recognised</span></h4>
            <div class="row"><span class="label">best</span>\(extremes.best.map { figure($0, isMistake: false) })\
            \(extremes.best.isEmpty ? "<span class=\"muted\">none recognised</span>" as Markup : "")</div>
            <div class="row"><span class="label">worst</span>\(extremes.worst.map { figure($0, isMistake: true) })\
            \(extremes.worst.isEmpty ? "<span class=\"muted\">no mistakes</span>" as Markup : "")</div>
            </section>

            """
    }

    private func figure(_ sample: ClassificationResult.Sample, isMistake: Bool) -> Markup {
        let scores = "sample \(sample.sample), score \(Figure.decimal(Double(sample.score), places: 3))"
        guard isMistake else {
            return """
                <figure title="\(scores)">\(thumbnails.image(sample.sample, alt: "sample \(sample.sample)"))\
                <figcaption>\(Figure.decimal(Double(sample.score), places: 3))</figcaption></figure>
                """
        }
        let taken =
            result.classNames.indices.contains(sample.prediction) ? result.classNames[sample.prediction] : "no class"
        let truth = Figure.decimal(Double(sample.truthScore), places: 3)
        return """
            <figure title="\(scores) for \(taken), \(truth) for its own caption">\
            \(thumbnails.image(sample.sample, alt: "sample \(sample.sample)"))\
            <figcaption>\(taken)</figcaption></figure>
            """
    }
}
