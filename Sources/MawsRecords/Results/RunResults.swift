import Foundation
import MawsFiles
import MawsHash
import MawsTraining

/// What lies in `results/` of a run, read and held against the records of the stages that made it. A result whose
/// figures are not those that were written is none; what is wrong with it is said instead.
package struct RunResults {
    /// In the order of the finished stages that made them, then by name.
    package private(set) var results: [any StageResult] = []
    package private(set) var damage: [ResultDamage] = []
    private let folder: String

    package init(folder: String, stages: [StageSummary]) {
        self.folder = folder
        let evaluations = stages.filter { $0.accuracy != nil || $0.resultHashes != nil }
        for summary in evaluations { read(summary.stage, summary) }
        let suffix = ".json"
        let others = ((try? Folder.names(in: folder)) ?? []).filter { $0.hasSuffix(suffix) }
            .map { String($0.dropLast(suffix.count)) }
        for stage in others.sorted() where !evaluations.contains(where: { $0.stage == stage }) { read(stage, nil) }
    }

    /// SHA-256 of the files of a result as they lie in the folder, by name.
    package static func hashes(of stage: String, kind: String, in folder: String) throws -> [String: String] {
        var hashes: [String: String] = [:]
        for name in StageResultFiles.of(recorded: kind).names(of: stage)
        where FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
            hashes[name] = Hash.hexadecimal(of: try AtomicFile.read("\(folder)/\(name)"))
        }
        return hashes
    }

    /// Takes the damaged files of a stage out of the way of new ones, as `<name>.damaged`.
    package func setAside(_ stage: String) throws {
        for name in Set(damage.filter { $0.stage == stage }.map(\.file)) {
            let path = "\(folder)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try? FileManager.default.removeItem(atPath: "\(path).damaged")
            try FileManager.default.moveItem(atPath: path, toPath: "\(path).damaged")
        }
    }

    private mutating func read(_ stage: String, _ summary: StageSummary?) {
        var found = changedFiles(stage, summary)
        do {
            let result = try result(stage, summary)
            if found.isEmpty { found += ownDamage(result, StageResultFiles.of(recorded: summary?.kind)) }
            if found.allSatisfy(\.leavesFigures) { results.append(result) }
        } catch {
            // What the record says of the files says it all.
            if found.isEmpty { found.append(error) }
        }
        damage += found
    }

    /// Files that do not hash to what the record says.
    private func changedFiles(_ stage: String, _ summary: StageSummary?) -> [ResultDamage] {
        (summary?.resultHashes ?? [:]).sorted { $0.key < $1.key }.compactMap { name, hash in
            difference(name, hash).map { reason in
                ResultDamage(stage: stage, file: name, reason: reason, leavesFigures: name.hasSuffix(".safetensors"))
            }
        }
    }

    /// Nil where the file has this hash.
    private func difference(_ name: String, _ hash: String) -> String? {
        let path = "\(folder)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return "is gone" }
        guard let bytes = try? AtomicFile.read(path) else { return "cannot be read" }
        let found = Hash.hexadecimal(of: bytes)
        guard found != hash else { return nil }
        return
            "is not what was written: its SHA-256 is \(found.prefix(12))…, the stage's record has \(hash.prefix(12))…"
    }

    private func result(_ stage: String, _ summary: StageSummary?) throws(ResultDamage) -> any StageResult {
        let files = StageResultFiles.of(recorded: summary?.kind)
        let names = files.names(of: stage)
        let damaged = { (reason: String) in ResultDamage(stage: stage, file: names[0], reason: reason) }
        let path = "\(folder)/\(names[0])"
        guard FileManager.default.fileExists(atPath: path) else { throw damaged("is gone") }
        guard let contents = try? AtomicFile.read(path) else { throw damaged("cannot be read") }
        let result: any StageResult
        do {
            let lines = (try? AtomicFile.read("\(folder)/\(names[1])")).map { Data($0) }
            result = try files.read(Data(contents), lines: lines)
        } catch let damage as ResultDamage {
            throw damage.stage == stage ? damage : damaged("is of stage \(damage.stage)")
        } catch {
            throw damaged("is not an evaluation's result")
        }
        guard result.stage == stage else { throw damaged("is of stage \(result.stage)") }
        if let accuracy = summary?.accuracy, accuracy != result.headline.share {
            throw damaged(
                "comes to \(Figure.percent(result.headline.share)) where the stage's record has "
                    + Figure.percent(accuracy))
        }
        return result
    }

    /// What is wrong with files whose hashes the result itself has.
    private func ownDamage(_ result: any StageResult, _ files: any ResultFiles.Type) -> [ResultDamage] {
        files.hashes(in: result).sorted { $0.key < $1.key }.compactMap { name, hash in
            // The name is a file's word: it leads nowhere else.
            let isNamed = files.names(of: result.stage).contains(name)
            let reason = isNamed ? difference(name, hash) : "is not a file of this result, which names it"
            return reason.map {
                ResultDamage(stage: result.stage, file: name, reason: $0, leavesFigures: true)
            }
        }
    }
}
