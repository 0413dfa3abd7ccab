import MawsPlan

/// What reports know of a kind of stage beyond what its definition says.
package protocol StageSection: Sendable {
    static var kind: StageKind { get }
    /// What a person calls such a stage.
    static var title: String { get }

    /// What the page shows of all stages of the kind.
    static func sections(_ material: PageMaterial) -> [PageSection]
}

extension StageSection {
    package static func sections(_ material: PageMaterial) -> [PageSection] { [] }
}

/// The sections of all kinds of stages.
package enum StageSections {
    package static let all: [any StageSection.Type] = [
        MAESection.self, WSPSection.self, LiTSection.self, LinearSection.self, ZeroShotSection.self,
    ]

    /// Nil where there is no kind of this name, as in runs of other versions.
    package static func of(_ kind: StageKind) -> (any StageSection.Type)? { all.first { $0.kind == kind } }

    /// `Masked autoencoder (mae)`, `Linear probe (probe-after-mae)`: what a stage is, with the plan's name for it.
    static func title(_ stage: String, kind: String?) -> String {
        of(StageKind(rawValue: kind ?? stage)).map { "\($0.title) (\(stage))" } ?? stage
    }
}

/// A part of the page under a heading of its own.
package struct PageSection {
    let id: String
    let title: String
    let body: Markup

    init(id: String, title: String, body: Markup) { (self.id, self.title, self.body) = (id, title, body) }

    var markup: Markup { "<section id=\"\(id)\">\n<h2>\(title)</h2>\n\(body)</section>\n" }
}

/// What sections are made of.
package struct PageMaterial {
    let record: RunRecord
    /// The folder that the paths of the plan's data are relative to.
    let root: String
    let shown: ShownData

    init(record: RunRecord, root: String, shown: ShownData) {
        (self.record, self.root, self.shown) = (record, root, shown)
    }

    /// Images of a split for its evaluations.
    func thumbnails(_ split: String) -> Thumbnails {
        Thumbnails(split: split, plan: record.plan, root: root, shown: shown)
    }
}
