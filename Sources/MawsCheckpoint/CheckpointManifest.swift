import Foundation
import MawsBase
import MawsFiles
import MawsHash

/// `manifest.json`: what the checkpoint is of, and the SHA-256 of every tensor and of every piece of its files. Written
/// last.
package struct CheckpointManifest: Codable, Hashable, Sendable {
    package struct Tensor: Codable, Hashable, Sendable {
        package var name: String
        /// The hash of the tensor's little-endian bytes, hexadecimal.
        package var sha256: String
    }

    /// SHA-256 of each piece of both files, hexadecimal, so that any part of a tensor can be checked as it is read.
    package struct Pieces: Codable, Hashable, Sendable {
        /// Bytes of a piece; the last one of a file may be shorter. The header is in the first.
        package static let byteCount = 1 << 20

        package var weights: [String]
        package var optimizer: [String]
    }

    /// 1 had no `pieces`; 1 and 2 had AdamW's moments, under other names, and no named slots.
    static let newestFormat = 3

    /// Another number than 1 to 3 is a layout this program does not know.
    package var format: Int
    package var header: CheckpointHeader
    /// SHA-256 over the bytes of all weight tensors in table order. It does not depend on the number of servers.
    package var weightsHash: String
    /// Weights, then slots, in the order of the files.
    package var tensors: [Tensor]
    /// Nil in format 1.
    package var pieces: Pieces?
    /// The version of maws that wrote the checkpoint; nil where that was older than this field.
    package var version: String?
    /// SHA-256 of this manifest as it is with an empty seal, so that a changed manifest is known.
    package var seal: String

    init(header: CheckpointHeader, hashes: CheckpointHashes) throws {
        format = Self.newestFormat
        self.header = header
        weightsHash = hashes.weightsHash
        tensors = hashes.tensors
        pieces = hashes.pieces
        version = MawsVersion.number
        seal = ""
        seal = Hash.hexadecimal(of: try encoded())
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// Reads and checks the file.
    static func read(_ path: String) throws -> CheckpointManifest {
        let bytes = try AtomicFile.read(path)
        let frame = try decode(Frame.self, bytes, path)
        guard unsealedHash(bytes, seal: frame.seal) == frame.seal else {
            throw StorageError.damaged(path: path, reason: "its content does not match its seal")
        }
        guard frame.format <= newestFormat else { throw StorageError.newerFormat(path: path, format: frame.format) }
        let manifest = try decode(CheckpointManifest.self, bytes, path)
        guard manifest.format > 0 else {
            throw StorageError.damaged(path: path, reason: "there is no format \(manifest.format)")
        }
        guard (manifest.pieces == nil) == (manifest.format == 1) else {
            throw StorageError.damaged(path: path, reason: "format \(manifest.format) has other fields")
        }
        return manifest
    }

    /// What manifests of every format have, later ones too.
    private struct Frame: Decodable {
        var format: Int
        var seal: String
    }

    private static func decode<Content: Decodable>(_ type: Content.Type, _ bytes: [UInt8], _ path: String) throws
        -> Content
    {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw StorageError.damaged(path: path, reason: "it is not a checkpoint's manifest")
        }
    }

    /// What the file's bytes hash to with an empty seal, whatever its format is.
    private static func unsealedHash(_ bytes: [UInt8], seal: String) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return Hash.hexadecimal(of: Array(text.replacingOccurrences(of: "\"\(seal)\"", with: "\"\"").utf8))
    }
}
