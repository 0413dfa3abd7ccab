import Foundation
import MawsBase
import MawsCheckpoint
import MawsFiles
import Testing

/// Manifests that lie, each under the seal that belongs to it: a checkpoint is what its manifest says, or is refused.
struct ManifestTests {
    private let stored: StoredCheckpoint

    init() throws {
        stored = try StoredCheckpoint()
        try stored.write(step: 1)
    }

    /// What opening, reading and verifying say of the changed checkpoint.
    private func refusal(_ change: (inout [String: Any]) throws -> Void) throws -> StorageError {
        try stored.changeManifest(change)
        return try #require(throws: StorageError.self) {
            let checkpoint = try stored.store.open("mae-1")
            for name in ["pos_embed", "blocks.0.weight", "blocks.0.bias"] { _ = try checkpoint.tensor(named: name) }
            try checkpoint.verify()
        }
    }

    private func tensors(_ manifest: [String: Any]) throws -> [[String: String]] {
        try #require(manifest["tensors"] as? [[String: String]])
    }

    @Test func theHashOfATensorIsAnothers() throws {
        let error = try refusal { manifest in
            var tensors = try tensors(manifest)
            (tensors[0]["sha256"], tensors[1]["sha256"]) = (tensors[1]["sha256"], tensors[0]["sha256"])
            manifest["tensors"] = tensors
        }
        #expect("\(error)".contains("weights.safetensors is damaged: tensor pos_embed is not what was written"))
    }

    @Test(arguments: [0, 3, 6])
    func aTensorIsMissing(number: Int) throws {
        let error = try refusal { manifest in
            var tensors = try tensors(manifest)
            tensors.remove(at: number)
            manifest["tensors"] = tensors
        }
        #expect("\(error)".contains("its manifest does not list the tensors of its table as they are"))
    }

    @Test func twoTensorsChangePlacesOrOneIsTooMany() throws {
        let exchanged = try refusal { manifest in
            var tensors = try tensors(manifest)
            tensors.swapAt(0, 2)
            manifest["tensors"] = tensors
        }
        #expect(exchanged.isDamage)
        let more = try refusal { manifest in
            var tensors = try tensors(manifest)
            tensors.swapAt(0, 2)
            manifest["tensors"] = tensors + [["name": "more", "sha256": "00"]]
        }
        #expect("\(more)".contains("does not list the tensors of its table"))
    }

    @Test func aPieceHasAnotherHashOrThereAreTooManyOrTooFew() throws {
        for change in [{ _ in ["00"] }, { $0 + $0 }, { _ in [] }] as [([String]) -> [String]] {
            let stored = try StoredCheckpoint()
            try stored.write(step: 1)
            try stored.changeManifest { manifest in
                var pieces = try #require(manifest["pieces"] as? [String: [String]])
                pieces["weights"] = change(try #require(pieces["weights"]))
                manifest["pieces"] = pieces
            }
            let error = try #require(throws: StorageError.self) {
                _ = try stored.store.open("mae-1").tensor(named: "pos_embed")
            }
            #expect(error.isDamage)
        }
    }

    @Test func theHashOverAllWeightsIsAnothersOfTheSameTensors() throws {
        let error = try refusal { $0["weightsHash"] = String(repeating: "0", count: 64) }
        #expect(error.isDamage)
    }

    /// The table of a larger model, under the files of this one.
    @Test func theTableIsOfOtherSizes() throws {
        let other = try StoredCheckpoint()
        let writer = try other.store.begin(StoredCheckpoint.header(step: 1, longest: 13))
        let blocks = StoredCheckpoint.header(step: 1, longest: 13).table.blocks
        for (index, block) in blocks.enumerated() {
            let bytes = [UInt8](repeating: 1, count: 4 * block.count)
            for part in block.parts {
                try bytes.withUnsafeBytes { try writer.write(part, block: index, range: 0..<block.count, bytes: $0) }
            }
        }
        _ = try writer.finish()
        let text = try other.folder.text("mae-1/manifest.json")
        try text.write(toFile: stored.folder.file("mae-1/manifest.json"), atomically: true, encoding: .utf8)
        let error = try #require(throws: StorageError.self) { try stored.store.open("mae-1") }
        #expect("\(error)".contains("weights.safetensors is damaged: it has"))
    }

    /// What a later version wrote is not set aside as damaged, whatever else it has in its manifest.
    @Test func aNewerFormatIsNoDamageHoweverItsManifestIsMade() throws {
        try stored.changeManifest { manifest in
            manifest["format"] = 7
            manifest["header"] = ["files": ["one", "two"]]
            manifest["tensors"] = nil
        }
        let error = try #require(throws: StorageError.self) { try stored.store.open("mae-1") }
        #expect(error == .newerFormat(path: stored.folder.file("mae-1/manifest.json"), format: 7))
        #expect(!error.isDamage && "\(error)".contains("Go on with the version that wrote it."))
        #expect(try stored.store.names() == [] && stored.store.folders() == ["mae-1"])
    }

    /// A number that the disk changed is no later version's.
    @Test func aFormatThatDoesNotMatchItsSealIsDamage() throws {
        try stored.changeManifest(seals: false) { $0["format"] = 7 }
        let error = try #require(throws: StorageError.self) { try stored.store.open("mae-1") }
        #expect("\(error)".contains("its content does not match its seal") && error.isDamage)
    }

    @Test(arguments: [0, -1])
    func aFormatThatNeverWasIsDamage(format: Int) throws {
        let error = try refusal { $0["format"] = format }
        #expect(error.isDamage && "\(error)".contains("manifest.json"))
    }

    @Test func aFormatHasTheFieldsThatItHad() throws {
        let without = try refusal { $0["pieces"] = nil }
        #expect("\(without)".contains("format 3 has other fields"))
        let with = try refusal {
            $0["format"] = 1; $0["pieces"] = ["weights": ["00"], "optimizer": ["00"]]
        }
        #expect("\(with)".contains("format 1 has other fields"))
    }

    @Test(arguments: ["", "{}", "[]", "nonsense", "{\"format\": \"three\"}"])
    func whatIsNoManifestIsDamage(text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: stored.folder.file("mae-1/manifest.json")))
        let error = try #require(throws: StorageError.self) { try stored.store.open("mae-1") }
        #expect("\(error)".contains("manifest.json is damaged: it is not a checkpoint's manifest"))
    }

    @Test func everyFlippedByteOfAManifestIsFound() throws {
        let path = stored.folder.file("mae-1/manifest.json")
        let whole = try Data(contentsOf: URL(filePath: path))
        for place in stride(from: 0, to: whole.count, by: 11) {
            try stored.folder.damage("mae-1/manifest.json", at: place)
            let error = try #require(throws: StorageError.self, "byte \(place)") { try stored.store.open("mae-1") }
            #expect(error.isDamage)
            try whole.write(to: URL(filePath: path))
        }
        try stored.store.open("mae-1").verify()
    }
}
