import Foundation
import Glibc

/// A step that a run has committed.
package struct CommitKey: Hashable, Sendable, CustomStringConvertible {
    package var stage: String
    package var step: Int

    package init(stage: String, step: Int) { (self.stage, self.step) = (stage, step) }

    package var description: String { "\(stage) \(step)" }
}

/// What a step came to: a pure function of plan and data, so that two runs of a plan have the same.
package struct CommitFigures: Hashable, Sendable {
    var loss: Double
    var gradientNorm: Double
    var learningRate: Double
}

/// Reads a run's `metrics.jsonl` while it grows: which steps are committed, and when each was seen first. It knows the
/// file's lines alone, and nothing of the programs that write them.
package struct CommitWatch {
    package struct Sighting: Hashable {
        package var key: CommitKey
        /// Monotonic.
        package var seconds: Double
    }

    /// In the order in which they were seen.
    package private(set) var sightings: [Sighting] = []
    /// How many of each stage.
    private(set) var committed: [String: Int] = [:]
    /// The figures that were seen first.
    private(set) var figures: [CommitKey: CommitFigures] = [:]
    /// Commits that were there and are not in the file any more.
    package private(set) var missing: Set<CommitKey> = []
    /// Commits that were told twice with different figures.
    package private(set) var contradicted: Set<CommitKey> = []
    private let path: String
    private var (inode, offset): (UInt64, Int) = (0, 0)
    private var rest: [UInt8] = []

    package init(path: String) { self.path = path }

    /// Takes what was added since the last look. A file that is another one, or shorter, is read from its begin.
    package mutating func look(at seconds: Double) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        let isAnother = UInt64(status.st_ino) != inode || Int(status.st_size) < offset
        guard isAnother || Int(status.st_size) > offset, let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        if isAnother { (inode, offset, rest) = (UInt64(status.st_ino), 0, []) }
        try? file.seek(toOffset: UInt64(offset))
        let bytes = [UInt8](file.readDataToEndOfFile())
        offset += bytes.count
        let keys = take(bytes, seconds)
        if isAnother { missing = Set(figures.keys).subtracting(keys) } else { missing.subtract(keys) }
    }

    private mutating func take(_ bytes: [UInt8], _ seconds: Double) -> Set<CommitKey> {
        rest += bytes
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = rest[..<end].split(separator: UInt8(ascii: "\n"))
        rest.removeSubrange(...end)
        var keys: Set<CommitKey> = []
        for line in lines {
            guard let (key, told) = Self.commit(Data(line)) else { continue }
            keys.insert(key)
            if let known = figures[key] {
                if known != told { contradicted.insert(key) }
            } else {
                figures[key] = told
                sightings.append(Sighting(key: key, seconds: seconds))
                committed[key.stage, default: 0] += 1
            }
        }
        return keys
    }

    /// One line of `metrics.jsonl`; nil for other lines. Figures that are not finite count as -1.
    static func commit(_ line: Data) -> (key: CommitKey, figures: CommitFigures)? {
        guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
            let stage = object["stage"] as? String, let step = object["step"] as? Int
        else { return nil }
        func number(_ name: String) -> Double { object[name] as? Double ?? -1 }
        return (
            CommitKey(stage: stage, step: step),
            CommitFigures(
                loss: number("loss"), gradientNorm: number("gradientNorm"), learningRate: number("learningRate"))
        )
    }
}
