import MawsPlan
import MawsTraining

/// The images that suit each class's caption best, and those that were most surely taken for another's.
enum ZeroShotSection: StageSection {
    static let kind = ZeroShotTask.kind
    static let title = "Zero-shot classification"

    static func sections(_ material: PageMaterial) -> [PageSection] {
        let record = material.record
        let results = record.classifications.filter {
            (record.kind($0.stage) ?? $0.stage) == kind.rawValue && !$0.classNames.isEmpty
        }
        let cards = results.map { result in
            let title: Markup = results.count > 1 ? "<h3>\(record.title(result.stage))</h3>\n" : ""
            return title
                + CaptionSection(
                    result: result, matrix: ConfusionMatrix(result), thumbnails: material.thumbnails(result.split)
                ).markup()
        }
        return [PageSection(id: "captions", title: "Images and captions", body: "\(cards)")]
    }
}
