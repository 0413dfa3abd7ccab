import MawsDataFiles
import MawsHash

/// `maws data index`: reads a whole shard and writes its index file, beside a local shard, into the cache for others.
package enum ShardIndexer {
    package struct Result: Sendable {
        package var sampleCount: Int
        /// What was skipped.
        package var problems: [SkippedSample]
        /// What became of the samples and of the shard's other members.
        package var account: SampleAccount
        /// Size of the shard.
        package var byteCount: UInt64
        /// The file that was written.
        package var path: String
    }

    /// - Parameters:
    ///   - root: folder that a relative path is relative to.
    ///   - progress: told now and then which share is done, 0...1.
    package static func index(
        _ path: String, root: String, access: DataAccess = .ofThisMachine,
        progress: @escaping (Double) -> Void = { _ in }
    ) throws -> Result {
        if let kind = ["folder:", "list:"].first(where: path.hasPrefix) {
            throw DataError.file(
                path: path, problem: "is no shard: only tar shards have indexes, a \(kind.dropLast()) is read as it is")
        }
        let opener = DataOpener(root: root, access: access)
        guard case .local(let resolved) = DataOpener.Place(path, root: root) else {
            let note = try opener.cache().note(RemoteFile.key(path), ShardIndexFile.ending)
            let (index, file) = try RemoteIndex(path: path, opener: opener).make(note, digest: Hash(), progress)
            return result(index, file, note)
        }
        let file = try InputFile(path: resolved)
        let recorder = ShardIndexRecorder { progress(Double($0) / Double(file.size)) }
        let index = try ShardIndex(file, digest: Hash(), record: recorder)
        let target = "\(resolved).\(ShardIndexFile.ending)"
        try OutputFile.write(recorder.encoded(size: file.size), to: target)
        return result(index, file, target)
    }

    private static func result(_ index: ShardIndex, _ file: any ByteSource, _ path: String) -> Result {
        var account = index.account
        account.take(index.samples.count)
        for problem in index.problems { account.leaveOut(problem) }
        return Result(
            sampleCount: index.samples.count, problems: index.problems, account: account, byteCount: file.size,
            path: path)
    }
}
