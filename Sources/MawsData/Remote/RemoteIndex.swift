import MawsDataFiles
import MawsHash

/// Finds the index of a shard on another machine: as a note in the cache, beside the shard, or by reading all of it.
struct RemoteIndex {
    let path: String
    let opener: DataOpener

    func open(digest: Hash) throws -> (index: ShardIndex, file: RemoteFile) {
        let note = try opener.cache().note(RemoteFile.key(path), ShardIndexFile.ending)
        if let bytes = try? InputFile.contents(note, limit: ShardIndexFile.sizeMax),
            let found = try ShardIndexFile.decode(bytes, path: path, size: nil, digest: digest)
        {
            return (found.index, try opener.remote(path, size: found.size))
        }
        if let bytes = try published(),
            let found = try ShardIndexFile.decode(bytes, path: path, size: nil, digest: digest)
        {
            let file = try opener.remote(path, size: found.size)
            try OutputFile.write(bytes, to: note)
            return (found.index, file)
        }
        return try make(note, digest: digest) { _ in }
    }

    /// Reads the whole shard and keeps its index in the cache.
    /// - Parameter progress: told now and then which share is done, 0...1.
    func make(
        _ note: String, digest: Hash, _ progress: @escaping (Double) -> Void
    ) throws -> (index: ShardIndex, file: RemoteFile) {
        let file = try opener.remote(path, size: nil)
        let recorder = ShardIndexRecorder { progress(Double($0) / Double(file.size)) }
        let index = try ShardIndex(file, digest: digest, record: recorder)
        try OutputFile.write(recorder.encoded(size: file.size), to: note)
        return (index, file)
    }

    /// The index file beside the shard; nil where the server has none, or there is no server.
    private func published() throws -> [UInt8]? {
        guard case .web(let url) = DataOpener.Place(path, root: "") else { return nil }
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let place = "\(parts[0]).\(ShardIndexFile.ending)" + (parts.count > 1 ? "?\(parts[1])" : "")
        // Whatever goes wrong here, the shard itself says it better, and can be read without.
        return try? opener.web(place).contents(limit: ShardIndexFile.sizeMax)
    }
}
