import Foundation
import MawsPlan
import MawsTraining

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

/// The files of the results of all kinds of evaluations.
package enum StageResultFiles {
    private static let all: [StageKind: any ResultFiles.Type] = [
        LinearTask.kind: ClassificationFiles.self, ZeroShotTask.kind: ClassificationFiles.self,
    ]

    /// Nil where a stage of the kind trains.
    package static func of(_ kind: StageKind) -> (any ResultFiles.Type)? { all[kind] }

    /// For results of a kind that may be another version's, or not known: they are taken for a classifier's, as all
    /// once were.
    static func of(recorded kind: String?) -> any ResultFiles.Type {
        kind.flatMap { of(StageKind(rawValue: $0)) } ?? ClassificationFiles.self
    }
}
