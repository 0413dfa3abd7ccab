import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsHash
import Testing

/// A small checkpoint in a store of its own: two blocks, of which the first is frozen, and AdamW's moments.
struct StoredCheckpoint {
    let folder: TemporaryFolder
    let store: CheckpointStore

    init() throws {
        folder = try TemporaryFolder()
        store = try CheckpointStore(folder: folder.path)
    }

    static func header(stage: Int = 0, step: UInt64, longest count: Int = 12) -> CheckpointHeader {
        var embed = BlockBuilder("embed", isTrainable: false)
        embed.add("pos_embed", [1, 2, 3], decays: false, .zeros)
        var block = BlockBuilder("block.0")
        block.add("blocks.0.weight", [count], decays: true, .zeros)
        block.add("blocks.0.bias", [4], decays: false, .zeros)
        return CheckpointHeader(
            runID: "run", stageName: ["mae", "wsp", "lit"][stage], stageIndex: StageIndex(UInt32(stage)),
            step: StepIndex(step), planHash: "plan",
            table: BlockTable(blocks: [embed.build(), block.build()], slots: WeightSlot.adamw()))
    }

    @discardableResult
    func write(stage: Int = 0, step: UInt64, value: UInt8 = 1) throws -> Checkpoint {
        let writer = try store.begin(Self.header(stage: stage, step: step))
        try Self.fill(writer, value: value)
        return try writer.finish()
    }

    static func fill(_ writer: CheckpointWriter, value: UInt8 = 1) throws {
        for (index, block) in header(step: 0).table.blocks.enumerated() {
            let bytes = [UInt8](repeating: value &+ UInt8(index), count: 4 * block.count)
            for part in block.parts {
                try bytes.withUnsafeBytes { try writer.write(part, block: index, range: 0..<block.count, bytes: $0) }
            }
        }
    }

    /// Changes the manifest of a finished checkpoint.
    /// - Parameter seals: whether the changed manifest gets the seal that belongs to it.
    func changeManifest(
        of name: String = "mae-1", seals: Bool = true, _ change: (inout [String: Any]) throws -> Void
    ) throws {
        let path = URL(filePath: folder.file("\(name)/manifest.json"))
        var manifest = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        try change(&manifest)
        if seals {
            manifest["seal"] = ""
            manifest["seal"] = Hash.hexadecimal(of: Array(try Self.encoded(manifest)))
        }
        try Self.encoded(manifest).write(to: path)
    }

    private static func encoded(_ manifest: [String: Any]) throws -> Data {
        try JSONSerialization.data(
            withJSONObject: manifest, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    }
}
