import Foundation
import MawsData
import MawsImages
import MawsPlan

/// A folder of its own for a test, removed with the last reference.
package final class Folder: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/maws-data-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func path(_ name: String) -> String { path + "/" + name }

    package func write(_ bytes: [UInt8], _ name: String) throws {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    package func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

    package func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    package func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// Sorted.
    package func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// A file whose name need not be text.
    package func write(_ bytes: [UInt8], named name: [UInt8]) throws {
        let file = (Array((path + "/").utf8) + name + [0]).map { CChar(bitPattern: $0) }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: Data(bytes))
    }

    /// A symbolic link, with the folders above it.
    package func link(_ name: String, to target: String) throws {
        let folder = URL(fileURLWithPath: path(name)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    /// Makes a file an hour old.
    package func age(_ name: String) throws {
        let date = Date(timeIntervalSinceNow: -3600)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path(name))
    }

    /// Runs GNU tar, which must succeed.
    package func tar(_ arguments: String...) throws { try tar(arguments) }

    package func tar(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar"] + arguments
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    /// A shard of these members.
    package func shard(_ name: String, _ members: [(name: String, data: [UInt8])]) throws {
        let writer = try TarWriter(path: path(name))
        for member in members { try writer.append(name: member.name, member.data) }
        try writer.finish()
    }
}

package enum Fixture {
    /// A grey PNG whose pixels all have this value.
    package static func png(_ value: UInt8, side: Int = 8) throws -> [UInt8] {
        try PNGEncoder.encode(
            PixelImage(width: side, height: side, channels: 1, pixels: Array(repeating: value, count: side * side)))
    }

    /// Members of `count` samples; sample i is grey i, of class i % 3, tagged `t<i % 3>` and `all`.
    package static func members(_ count: Int) throws -> [(name: String, data: [UInt8])] {
        try (0..<count).flatMap { index in
            [
                ("s\(index).png", try png(UInt8(index))),
                ("s\(index).txt", Array("photo number \(index) #t\(index % 3)".utf8)),
                ("s\(index).json", Array(#"["all", "t\#(index % 3)"]"#.utf8)),
                ("s\(index).cls", Array("\(index % 3)".utf8)),
            ]
        }
    }

    package static func split(_ shards: [String], name: String = "train", skipLimit: Double = 0) -> DataSplitPlan {
        DataSplitPlan(
            name: name, shards: shards, vocabulary: "vocabulary.txt", tokenizer: "tokenizer.model",
            skipLimit: skipLimit)
    }

    package static func stage(_ kind: StageKind, batch: Int = 8, unit: Int = 4, augment: AugmentPlan? = nil)
        -> StagePlan
    {
        let recipe = RecipePlan(
            preset: "test", schedule: SchedulePlan(shape: .constant, peak: 1, warmup: 0),
            optimizer: OptimizerPlan(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: nil),
            augment: augment ?? AugmentPlan(crop: nil, flip: false))
        return StagePlan(
            task: task(kind), on: kind == .linear ? "test" : "train", batch: batch, unit: unit, epochs: 1,
            recipe: recipe)
    }

    /// A zero-shot evaluation's files are not named.
    private static func task(_ kind: StageKind) -> any StageTask {
        switch kind {
        case .mae: MAETask(decoder: DecoderPlan(width: 8, depth: 1, heads: 1))
        case .wsp: WSPTask(labelCount: 3)
        case .lit: LiTTask(labelSmoothing: 0)
        case .linear: LinearTask(trainSplit: "train")
        default: ZeroShotTask(templates: "", classes: "")
        }
    }

    /// Images of 8 x 8 grey pixels, normalised to value / 255.
    package static func plan(_ splits: [DataSplitPlan], seed: UInt64 = 7) -> Plan {
        Plan(
            run: "run", seed: seed,
            cluster: ClusterPlan(
                isLocal: true, servers: 1, trainers: 1, threads: 1, listen: "127.0.0.1:0",
                heartbeatTimeoutSeconds: 5, leaseSeconds: 60),
            data: splits,
            model: ModelPlan(
                image: ImageModelPlan(
                    preset: nil, patch: 4, size: 8, channels: 1, width: 16, depth: 1, heads: 1, mlp: 32, mean: [0],
                    std: [1]),
                text: TextModelPlan(
                    preset: nil, vocabulary: 100, context: 12, width: 16, depth: 1, heads: 1, mlp: 32, embedding: 8)),
            precision: .fp32, stages: [], checkpoint: CheckpointPlan(everySeconds: 60, everySteps: nil, keep: 1),
            wire: WirePlan(push: .fp32, gather: .fp32))
    }

    /// A folder with `train.tar` of `count` samples, `test.tar` of 5, a vocabulary without `all`, and a tokenizer.
    package static func folder(count: Int) throws -> Folder {
        let folder = try Folder()
        try folder.shard("train.tar", try members(count))
        try folder.shard("test.tar", try members(5))
        try folder.write("t2\t9\nt0\t8\nt1\t7\n", "vocabulary.txt")
        try FileManager.default.copyItem(atPath: tokenizer, toPath: folder.path("tokenizer.model"))
        return folder
    }

    /// A small SentencePiece model.
    package static var tokenizer: String { golden("tokenizer.model", in: .module) }

    /// - Parameter bundle: of the test target, `.module`.
    package static func golden(_ name: String, in bundle: Bundle) -> String {
        guard let folder = bundle.url(forResource: "Golden", withExtension: nil) else {
            fatalError("the test bundle lacks its golden files")
        }
        return folder.appendingPathComponent(name).path
    }

    /// What a golden JSON file says.
    package static func decoded<Golden: Decodable>(_ name: String, in bundle: Bundle) throws -> Golden {
        try JSONDecoder().decode(Golden.self, from: Data(contentsOf: URL(fileURLWithPath: golden(name, in: bundle))))
    }

    /// The sentence of the error that `body` throws, nil when it throws none.
    package static func error(_ body: () throws -> Void) -> (any Error)? {
        do {
            try body()
            return nil
        } catch {
            return error
        }
    }

    package static func sentence(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return "\(error)"
        }
    }
}
