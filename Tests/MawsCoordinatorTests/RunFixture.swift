import Foundation
import Logging
import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsData
import MawsDataFiles
import MawsDatabase
import MawsFiles
import MawsHash
import MawsImages
import MawsPlan
import MawsProcess
import MawsProtocol
import MawsRecords
import MawsTensor
import Synchronization

/// A run's folder without any process: two training stages and an evaluation, on twelve images of 8 × 8.
final class RunFixture {
    let folder: String
    let plan: Plan
    let catalog: StageCatalog
    let store: CheckpointStore
    private let log = Lines()

    /// - Parameters:
    ///   - seed: another one makes another plan of the same run.
    ///   - fields: of the plan, besides those that it needs.
    ///   - ema: whether the second stage keeps an average of its weights, which the evaluation takes.
    init(
        seed: Int = 3, skipLimit: Double = 0.1, fields: String = "", ema: Bool = false, in other: RunFixture? = nil
    ) throws {
        folder = try other?.folder ?? Self.newFolder()
        if other == nil { try Self.writeShard("\(folder)/images.tar") }
        let decoder = "decoder: {width: 16, depth: 1, heads: 2}"
        let yaml = """
            run: \(folder)/run
            seed: \(seed)
            \(fields)
            data:
              train: {shards: \(folder)/images.tar, skip_limit: \(skipLimit)}
              test: {shards: \(folder)/images.tar, skip_limit: 0.1}
            model: {image: {size: 8, channels: 1, patch: 4, width: 16, depth: 1, heads: 2}}
            checkpoint: {steps: 2, keep: 2}
            stages:
              - mae: {steps: 6, batch: 4, unit: 2, \(decoder)}
              - mae: {name: more, steps: 4, batch: 4, unit: 2, \(ema ? "ema: {decay: 0.9}, " : "")\(decoder)}
              - linear: {from: more\(ema ? ", weights: ema" : "")}
            """
        plan = try PlanLoader.parse(yaml, file: "plan.yaml", tokenizerSize: { _ in 1 })
        catalog = try StageCatalog(plan: plan, root: ".", survey: nil)
        for path in RunPaths(folder: plan.run).all { try Folder.make(path) }
        store = try CheckpointStore(folder: RunPaths(folder: plan.run).checkpoints)
        isOwner = other == nil
    }

    private let isOwner: Bool

    deinit { if isOwner { try? FileManager.default.removeItem(atPath: folder) } }

    var paths: RunPaths { RunPaths(folder: plan.run) }
    var planHash: String { Hash.hexadecimal(of: plan.fixedJSON) }
    var logger: Logger {
        Logger(label: "test") { [log] _ in PlainLogHandler(process: "test") { log.add("\($0) \($1)") } }
    }
    /// What was said so far.
    var said: String { log.text }

    func open() throws -> RunOpening.Opened {
        try RunOpening(
            plan: plan, planHash: planHash, paths: paths, catalog: catalog, store: store, logger: logger
        ).open()
    }

    func database() throws -> RunDatabase {
        try RunDatabase(path: paths.database, stageNames: catalog.stages.map(\.plan.name))
    }

    func checkpoints(_ runID: String = "run") -> RunCheckpoints {
        RunCheckpoints(catalog: catalog, store: store, runID: runID, keep: 2)
    }

    func preparation(_ runID: String = "run") -> StagePreparation {
        StagePreparation(
            plan: plan, planHash: planHash, runID: runID, catalog: catalog, checkpoints: checkpoints(runID))
    }

    func position(_ stage: UInt32, _ step: UInt64) -> RunPosition {
        RunPosition(stage: StageIndex(stage), step: StepIndex(step))
    }

    /// A whole checkpoint whose elements are all of this value.
    func writeCheckpoint(_ stage: UInt32, _ step: UInt64, runID: String = "run", value: Float = 1) throws {
        try writeCheckpoint(stage, step, runID: runID) { _, _ in value }
    }

    /// - Parameter element: the value of each part of a block, by its place there.
    func writeCheckpoint(
        _ stage: UInt32, _ step: UInt64, runID: String = "run", element: (WeightPart, Int) -> Float
    ) throws {
        let header = preparation(runID).header(StageIndex(stage), step: StepIndex(step), computeProfile: nil)
        let writer = try store.begin(header)
        for (index, block) in header.table.blocks.enumerated() {
            for part in block.parts {
                let values = (0..<block.count).map { element(part, $0) }
                try values.withUnsafeBytes {
                    try writer.write(part, block: index, range: 0..<block.count, bytes: $0)
                }
            }
        }
        _ = try writer.finish()
    }

    func commit(_ stage: UInt32, _ step: UInt64) -> CommitRecord {
        CommitRecord(
            stage: stage, step: step, learningRate: 0.5, clipScale: 1, gradientNorm: 2, loss: 1 / Double(step + 1),
            images: 4, seconds: 0.25, bytesPushed: 10, bytesGathered: 20)
    }

    /// A database in which these steps of the first stage are committed.
    func fill(_ database: RunDatabase, steps: UInt64) throws {
        try database.move(to: StageIndex(0), step: StepIndex(0))
        for step in 0..<steps { try database.commit(commit(0, step)) }
    }

    func metrics() throws -> [StepMetrics] { try RunFolder(plan.run).metrics() }

    func damage(_ path: String) throws { try Self.damage(path) }

    static func damage(_ path: String) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path)).self
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: size - 7)
        try handle.write(contentsOf: Data([0x5A]))
        try handle.close()
    }

    static func newFolder() throws -> String {
        let folder = NSTemporaryDirectory() + "maws-coordinator-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    static func writeShard(_ path: String) throws {
        let writer = try TarWriter(path: path)
        for index in 0..<12 {
            let pixels = (0..<64).map { UInt8(($0 * 3 + index * 20) % 256) }
            let name = index < 10 ? "0\(index)" : "\(index)"
            let image = PixelImage(width: 8, height: 8, channels: 1, pixels: pixels)
            try writer.append(name: "\(name).png", PNGEncoder.encode(image))
            try writer.append(name: "\(name).cls", Array("\(index % 2)".utf8))
        }
        try writer.finish()
    }
}

/// Lines of a log, from any thread.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}
