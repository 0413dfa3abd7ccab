import Foundation
import MawsDataFiles

/// What `maws data pack` wrote and from what: the last file of a pack, so that its presence means the pack is complete.
package struct PackManifest: Codable, Hashable, Sendable {
    package struct File: Codable, Hashable, Sendable {
        package var name: String
        package var bytes: UInt64
        package var sha256: String
        /// Samples of a shard; 0 for other files.
        package var samples: Int

        package init(name: String, bytes: UInt64, sha256: String, samples: Int) {
            (self.name, self.bytes, self.sha256, self.samples) = (name, bytes, sha256, samples)
        }
    }

    /// Everything that decides the content: rule, parameters, a hash of the sources.
    package var source: String
    package var files: [File]
    /// What became of the samples; nil in packs of before it was kept.
    package var account: SampleAccount?

    package init(source: String, files: [File], account: SampleAccount?) {
        (self.source, self.files, self.account) = (source, files, account)
    }

    package var sampleCount: Int { files.reduce(0) { $0 + $1.samples } }

    /// What a source is called, without what changes when its rows do or when its classes are read otherwise.
    package static func origin(_ source: String) -> Substring {
        let name = source.range(of: ", shards of ", options: .backwards).map { source[..<$0.lowerBound] } ?? source[...]
        return name.hasSuffix(byClass) ? name.dropLast(byClass.count) : name
    }

    /// Ends the name of a folder whose folders are classes.
    package static let byClass = " by class"

    package static func name(prefix: String) -> String { prefix + "-pack.json" }

    /// The manifest of a complete pack from this very source, nil where there is none.
    package static func complete(folder: String, prefix: String, source: String) -> PackManifest? {
        guard let manifest = read(folder: folder, prefix: prefix), manifest.source == source else { return nil }
        let isComplete = manifest.files.allSatisfy { file in
            (try? InputFile(path: folder + "/" + file.name).size) == file.bytes
        }
        return isComplete ? manifest : nil
    }

    package static func read(folder: String, prefix: String) -> PackManifest? {
        let path = folder + "/" + name(prefix: prefix)
        guard let bytes = try? InputFile.contents(path, limit: 1 << 28) else { return nil }
        return try? JSONDecoder().decode(PackManifest.self, from: Data(bytes))
    }

    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [10]
    }
}
