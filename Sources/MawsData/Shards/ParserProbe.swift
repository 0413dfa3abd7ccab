import MawsBase
import MawsDataFiles
import MawsHash
import MawsImages

/// Everything that bytes from outside reach, each in one call, for fuzzing: whatever the bytes are, a call returns.
package enum ParserProbe: String, CaseIterable {
    case tar
    case json
    case image
    case index

    /// More pixels than this are refused, so that an input costs little time.
    private static let pixelCountMax = 1 << 14

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .tar: tar(bytes)
        case .json: json(bytes)
        case .image: image(bytes)
        case .index: index(bytes)
        }
    }

    /// Reads a document; what is written of it reads back as the same.
    private func json(_ bytes: [UInt8]) {
        if let sidecar = try? Sidecar(bytes) { _ = (sidecar.hashtags, sidecar.caption) }
        guard let value = try? JSONValue(bytes) else { return }
        precondition((try? JSONValue(Array(value.text.utf8))) == value, "a JSON document changes when it is written")
    }

    /// The body of an index file, made one by its first bytes and its checksum.
    private func index(_ bytes: [UInt8]) {
        let body = ShardIndexFile.magic + bytes
        let checksum = CRC32C.checksum(body)
        let file = body + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * UInt32($0))) }
        _ = try? ShardIndexFile.decode(file, path: "shard", size: nil, digest: Hash())
    }

    /// Scans, then reads every sample found.
    private func tar(_ bytes: [UInt8]) {
        let file = MemorySource(path: "shard", bytes: bytes)
        guard let index = try? ShardIndex(file, digest: Hash(), record: ShardIndexRecorder()) else { return }
        for (location, checksums) in zip(index.samples, index.checksums) {
            let reader = SampleReader(file: file, location: location, checksums: checksums)
            _ = try? reader.read(Set(SamplePart.allCases), required: [])
        }
    }

    /// Decodes the whole and a part at a quarter of its size: either both work or neither.
    private func image(_ bytes: [UInt8]) {
        guard let encoded = try? EncodedImage(bytes, pixelCountMax: Self.pixelCountMax) else { return }
        let whole = try? encoded.decode(channels: 3)
        let region = CropBox(
            x: encoded.width / 3, y: encoded.height / 4, width: (encoded.width + 1) / 2,
            height: (encoded.height + 1) / 2)
        let target = (width: max(1, region.width / 8), height: max(1, region.height / 8))
        let part = try? encoded.decode(channels: 1, region: region, target: target)
        precondition((whole == nil) == (part == nil), "whether an image is damaged depends on the region")
    }
}
