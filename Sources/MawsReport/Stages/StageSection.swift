import Foundation
import MawsPlan
import MawsTraining

/// What reports and forecasts know of a kind of stage beyond what its definition says.
package protocol StageSection: Sendable {
    static var kind: StageKind { get }
    /// What a person calls such a stage.
    static var title: String { get }
    /// Reads and writes an evaluation's result; nil where the stage trains.
    static var files: (any ResultFiles.Type)? { get }

    /// Bytes that the page of a finished run takes for the stage, in the coordinator.
    static func pageBytes(plan: Plan, stage: StagePlan) throws -> Int
    /// What the page shows of all stages of the kind.
    static func sections(_ material: PageMaterial) -> [PageSection]
}

extension StageSection {
    package static var files: (any ResultFiles.Type)? { nil }

    package static func pageBytes(plan: Plan, stage: StagePlan) throws -> Int { 0 }
    package static func sections(_ material: PageMaterial) -> [PageSection] { [] }
}

/// Keeps results of one type in a run's folder.
package protocol ResultFiles: Sendable {
    /// Writes the files of a result; returns it as they have it.
    static func write(_ result: any StageResult, to folder: String) throws -> any StageResult
    /// Names of the files that the result of a stage may have, the outcome's first.
    static func names(of stage: String) -> [String]
    /// SHA-256 of those files whose hash the result itself has, by name.
    static func hashes(in result: any StageResult) -> [String: String]
    /// The result behind the contents of a `results/<stage>.json`. Throws `ResultDamage` where the two files are not of
    /// one result.
    /// - Parameter lines: the contents of the file of predictions; nil where there is none.
    static func read(_ contents: Data, lines: Data?) throws -> any StageResult
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

    /// Reads results of a kind; those of a stage that is unknown are taken for a classifier's, as all once were.
    static func files(_ kind: String?) -> any ResultFiles.Type {
        kind.flatMap { of(StageKind(rawValue: $0)) }?.files ?? ClassificationFiles.self
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
