import Foundation
import MawsHash

/// What a finished run's folder shows of its result, read without the programs that made it: every commit's figures,
/// and a hash of each file of each stage's final checkpoint.
package struct RunEvidence {
    let commits: [CommitKey: CommitFigures]
    /// `mae-234/weights.safetensors` to its SHA-256.
    let hashes: [String: String]

    package init(runFolder: String) throws {
        let text = try Data(contentsOf: URL(fileURLWithPath: runFolder + "/metrics.jsonl"))
        let lines = text.split(separator: UInt8(ascii: "\n")).compactMap { CommitWatch.commit(Data($0)) }
        commits = Dictionary(lines.map { ($0.key, $0.figures) }) { _, last in last }
        hashes = try Self.hashes(of: runFolder + "/checkpoints")
    }

    /// Sentences about everything in which another run of the same plan differs from this one; none where it has the
    /// same bits.
    package func differences(of other: RunEvidence) -> [String] {
        let different = commits.filter { other.commits[$0.key] != $0.value }.keys
            .sorted { ($0.stage, $0.step) < ($1.stage, $1.step) }
        let surplus = Set(other.commits.keys).subtracting(commits.keys).count
        var sentences: [String] = []
        if let first = different.first {
            sentences.append("\(different.count) of \(commits.count) commits differ, the first is \(first)")
        }
        if surplus > 0 { sentences.append("\(surplus) commits are there that the undisturbed run has not") }
        for (name, hash) in hashes.sorted(by: { $0.key < $1.key }) where other.hashes[name] != hash {
            sentences.append(other.hashes[name] == nil ? "\(name) is missing" : "\(name) differs")
        }
        return sentences
    }

    private static func hashes(of folder: String) throws -> [String: String] {
        var newest: [Substring: Int] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let match = name.wholeMatch(of: /(.+)-([0-9]+)/), let step = Int(match.2) else { continue }
            newest[match.1] = max(newest[match.1] ?? 0, step)
        }
        var hashes: [String: String] = [:]
        for (stage, step) in newest {
            let checkpoint = "\(stage)-\(step)"
            for file in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(checkpoint)")
            where file.hasSuffix(".safetensors") {
                hashes["\(checkpoint)/\(file)"] = try hash(of: "\(folder)/\(checkpoint)/\(file)")
            }
        }
        return hashes
    }

    private static func hash(of path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let hash = Hash()
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update([UInt8](piece)) }
        return hash.hexadecimal()
    }
}
