import Foundation
import MawsPlan

/// A folder with the files that a plan names, and a small plan with every kind of stage.
final class PlanFixture {
    let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID().uuidString)").path
        for shard in ["train-00", "train-01", "test-00"] { try write("data/\(shard).tar", "tar") }
        try write("data/vocabulary.tsv", "boot\t3\nshirt\t2\nbag\t1\n")
        try write("data/tokenizer.model", "pieces")
        try write("data/templates.txt", "a photo of a {}.\n")
        try write("data/classes.txt", "boot\nshirt\n")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func write(_ path: String, _ text: String) throws {
        let url = URL(filePath: root).appending(path: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    static let tokens = 123

    func parse(_ text: String, overrides: PlanOverrides = PlanOverrides(), cores: Int = 8) throws(PlanError) -> Plan {
        try PlanLoader.parse(text, file: "plan.yaml", root: root, overrides: overrides, cores: cores) { _ in
            Self.tokens
        }
    }

    /// The sentence that `text` is refused with; empty when it is accepted.
    func sentence(_ text: String) -> String {
        do {
            _ = try parse(text)
            return ""
        } catch {
            return error.description.replacing(root, with: "ROOT")
        }
    }

    /// Lines are part of the errors that tests expect: 1 run, 2 seed, 3 data, 11 model, 14 stages.
    static let plan = """
        run: runs/small
        seed: 7
        data:
          train:
            shards: data/train-{00..01}.tar
            vocabulary: data/vocabulary.tsv
            tokenizer: data/tokenizer.model
          test:
            shards:
              - data/test-00.tar
        model:
          image: {size: 28, channels: 1, patch: 4, width: 32, depth: 2, heads: 4}
          text: {width: 16, depth: 1, heads: 2, context: 8, embedding: 16}
        stages:
          - mae: {batch: 64, unit: 16, epochs: 2, decoder: {width: 16, depth: 1, heads: 2}}
          - wsp: {from: mae, batch: 64, unit: 16}
          - linear: {from: wsp}
          - lit: {image: wsp, batch: 64, unit: 16}
          - zeroshot: {templates: data/templates.txt, classes: data/classes.txt}
        """

    /// `plan` with one text replaced by another.
    static func plan(_ old: String, _ new: String) -> String {
        precondition(plan.contains(old), "the plan has no \(old)")
        return plan.replacing(old, with: new)
    }
}
