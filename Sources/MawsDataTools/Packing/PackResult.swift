import MawsData
import MawsDataFiles
import MawsPlan

/// What a packing command did.
package struct PackResult: Sendable {
    package var manifest: PackManifest
    /// A complete pack from the same source was there already; nothing was written.
    package var wasThere: Bool
    /// Rows left out, one sentence each.
    package var problems: [String] = []
    /// What became of the samples, of an earlier call where the pack was there already.
    package var account: SampleAccount { manifest.account ?? SampleAccount() }
    /// What was read of the source and what was not, a sentence each.
    package var notes: [String] = []
    /// What is likely not what was wanted, a sentence each.
    package var warnings: [String] = []
}

/// Where a pack goes.
package struct PackTarget: Sendable {
    /// Folder, made when missing.
    package var output: String
    /// Beginning of every shard's name.
    package var prefix: String
    /// Samples in a shard.
    package var shardSize: Int
    /// Writes the pack even when a complete one is there.
    package var isForced: Bool
    /// What a pack is made of, and all else that its command reads: never replaced or removed.
    private(set) var reads = ReadFiles()

    package init(output: String, prefix: String, shardSize: Int = 5000, isForced: Bool = false) {
        self.output = output
        self.prefix = prefix
        self.shardSize = shardSize
        self.isForced = isForced
    }

    /// The same place, for a command that reads these files too.
    package func sparing(_ files: ReadFiles) -> PackTarget {
        var target = self
        target.reads.formUnion(files)
        return target
    }

    func check() throws {
        if let problem = PathText.problem(output) { throw DataError.output(path: output, problem: "it \(problem)") }
        guard shardSize > 0 else { throw DataError.output(path: output, problem: "a shard needs at least 1 sample") }
        guard !prefix.isEmpty, !prefix.contains("/"), !prefix.contains("."), !prefix.contains("\0") else {
            throw DataError.output(path: output, problem: "the prefix '\(prefix)' may not be empty or hold / or dots")
        }
    }
}
