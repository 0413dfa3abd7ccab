import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import MawsHash
import Testing

/// Checkpoints of earlier versions of maws are read, with AdamW's moments under the names that they had.
///
/// `Golden/format-2` is step 36 of an `mae` stage of 4,000 parameters with `moments: int8`, as version 52283cc wrote
/// it.
struct OlderFormatTests {
    private static let golden = "\(Bundle.module.resourcePath ?? "")/Golden/format-2"

    @Test func aCheckpointOfFormat2IsReadWithItsMoments() throws {
        let (folder, store) = try Self.copy()
        let checkpoint = try store.open("mae-36")
        try checkpoint.verify()
        #expect(checkpoint.manifest.format == 2)
        #expect(
            checkpoint.header.table.blocks.allSatisfy { block in
                block.slots == (block.isTrainable ? WeightSlot.adamw(.int8) : [])
            })
        #expect(checkpoint.manifest.tensors.contains { $0.name == "decoder_pred.weight.second_moment" })
        for slot in ["exp_avg", "exp_avg_sq"] { #expect(try Self.read(checkpoint, slot).contains { $0 != 0 }) }
        // The last byte of the file is one of the last block's second moment.
        let file = "mae-36/optimizer.safetensors"
        try folder.damage(file, at: try folder.size(file) - 1)
        let error = try #require(throws: StorageError.self) { try Self.read(checkpoint, "exp_avg_sq") }
        #expect("\(error)".contains("tensor decoder_pred.bias.second_moment is not what was written"))
    }

    /// Format 1 had no hashes of pieces, which are made when it is opened.
    @Test func aManifestOfFormat1IsReadAndItsDamageFound() throws {
        let (folder, store) = try Self.copy { manifest in
            manifest["format"] = 1
            manifest["pieces"] = nil
        }
        let opened = try store.open("mae-36")
        try opened.verify()
        #expect(try Self.read(opened, "exp_avg").contains { $0 != 0 })
        let file = "mae-36/weights.safetensors"
        try folder.damage(file, at: try folder.size(file) - 1)
        #expect(throws: StorageError.self) { try opened.tensor(named: "decoder_pred.bias") }
        #expect(throws: StorageError.self) { try store.open("mae-36") }
    }

    @Test func aManifestThatWasChangedIsRefusedAndOneOfANewerFormatIsNoDamage() throws {
        let changed = try Self.copy(sealing: false) { $0["weightsHash"] = "00" }
        let seal = try #require(throws: StorageError.self) { try changed.store.open("mae-36") }
        #expect("\(seal)".contains("its content does not match its seal"))
        let newer = try Self.copy { $0["format"] = 4 }
        let error = try #require(throws: StorageError.self) { try newer.store.open("mae-36") }
        #expect("\(error)".contains("has format 4") && !error.isDamage)
    }

    /// A slot of the last trained block, as it is kept.
    private static func read(_ checkpoint: Checkpoint, _ slot: String) throws -> [UInt8] {
        let blocks = checkpoint.header.table.blocks
        let index = try #require(blocks.lastIndex { $0.isTrainable })
        let range = 0..<blocks[index].count
        var bytes = [UInt8](repeating: 0, count: try #require(blocks[index].byteCount(.slot(slot), slice: range)))
        try bytes.withUnsafeMutableBytes { try checkpoint.read(.slot(slot), block: index, range: range, into: $0) }
        return bytes
    }

    /// The golden checkpoint in a store of its own, its manifest changed and sealed again.
    private static func copy(
        sealing: Bool = true, _ change: ((inout [String: Any]) -> Void)? = nil
    ) throws -> (folder: TemporaryFolder, store: CheckpointStore) {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: golden, toPath: folder.file("mae-36"))
        let store = try CheckpointStore(folder: folder.path)
        guard let change else { return (folder, store) }
        let path = URL(filePath: folder.file("mae-36/manifest.json"))
        var manifest = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
        change(&manifest)
        if sealing {
            manifest["seal"] = ""
            manifest["seal"] = Hash.hexadecimal(of: Array(try encoded(manifest)))
        }
        try encoded(manifest).write(to: path)
        return (folder, store)
    }

    private static func encoded(_ manifest: [String: Any]) throws -> Data {
        try JSONSerialization.data(
            withJSONObject: manifest, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    }
}
