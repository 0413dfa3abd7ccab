import MawsFiles
import MawsHash

/// A checkpoint's folder read to its end, and all that is found there that is not what was written.
package struct CheckpointInspection: Sendable {
    /// Something that is not what was written.
    package struct Fault: Hashable, Sendable, CustomStringConvertible {
        /// Its name in the folder.
        package let file: String
        /// In the words of who found it.
        package let reason: String

        package var description: String { "\(file): \(reason)" }
    }

    package let folder: String
    /// Nil where the manifest cannot be read: nothing is known of the files then.
    package let manifest: CheckpointManifest?
    package let faults: [Fault]
    /// Bytes of tensor files that were read.
    package let byteCount: Int

    /// Throws where there is no checkpoint's folder.
    package init(_ folder: String) throws {
        self.folder = folder
        guard Folder.exists(folder) else { throw StorageError.last("read", folder, code: 2) }
        do {
            let manifest = try CheckpointManifest.read("\(folder)/\(Self.manifestName)")
            let found = Self.look(at: folder, manifest)
            (self.manifest, faults, byteCount) = (manifest, found.faults, found.byteCount)
        } catch let error as StorageError where error.isDamage {
            (manifest, faults, byteCount) = (nil, [Fault(file: Self.manifestName, reason: "\(error)")], 0)
        }
    }

    static let manifestName = "manifest.json"

    private static func look(at folder: String, _ manifest: CheckpointManifest) -> (faults: [Fault], byteCount: Int) {
        let layout = CheckpointLayout(manifest.header.table, format: manifest.format)
        let names = (layout.weights.tensors + layout.optimizer.tensors).map(\.name)
        guard manifest.tensors.map(\.name) == names else {
            let reason = "it does not list the tensors of its table as they are"
            return ([Fault(file: manifestName, reason: reason)], 0)
        }
        var (faults, byteCount) = ([Fault](), 0)
        for file in CheckpointLayout.File.allCases {
            do {
                let opened = try Checkpoint.open(file, in: folder, layout)
                byteCount += layout.file(file).size
                let hashes = try FileHashes(opened, layout.file(file), mayBeHole: file == .optimizer)
                faults += differences(file, hashes, manifest, layout)
            } catch {
                faults.append(Fault(file: file.rawValue, reason: "\(error)"))
            }
        }
        return (faults, byteCount)
    }

    private static func differences(
        _ file: CheckpointLayout.File, _ hashes: FileHashes, _ manifest: CheckpointManifest, _ layout: CheckpointLayout
    ) -> [Fault] {
        let count = layout.weights.tensors.count
        let isWeights = file == .weights
        let expected = isWeights ? manifest.tensors.prefix(count) : manifest.tensors.dropFirst(count)
        let faults = zip(hashes.tensors, expected).filter { $0 != $1 }.map { tensor, _ in
            Fault(file: file.rawValue, reason: "tensor \(tensor.name) is not what was written")
        }
        guard faults.isEmpty else { return faults }
        if let pieces = manifest.pieces, hashes.pieces != (isWeights ? pieces.weights : pieces.optimizer) {
            return [Fault(file: file.rawValue, reason: "bytes outside of its tensors are not what was written")]
        }
        guard !isWeights || hashes.all == manifest.weightsHash else {
            return [Fault(file: manifestName, reason: "its hash of all weights is not that of its tensors")]
        }
        return []
    }
}
