import MawsDataFiles

/// Samples that a split leaves out: a text file that `maws data dedupe` writes and a plan's `exclude` names.
///
/// A line is a shard, the number of the sample in it from 0, the sample's key and the reason, separated by tabs. A
/// shard is found by its path or, where no other shard of the split is called so, by the last part of it.
package struct ExclusionList: Sendable {
    package struct Entry: Hashable, Sendable {
        package var shard: String
        package var number: Int
        package var key: String
        package var reason: String

        package init(shard: String, number: Int, key: String, reason: String) {
            self.shard = shard
            self.number = number
            self.key = key
            self.reason = reason
        }

        package var line: String { "\(shard)\t\(number)\t\(key)\t\(reason)\n" }
    }

    package let path: String
    package let entries: [Entry]

    package init(path: String) throws {
        self.path = path
        entries = try SplitFiles.lines(path).enumerated().map { index, line in
            let columns = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard columns.count >= 3, let number = Int(columns[1]), number >= 0 else {
                throw DataError.line(
                    file: path, line: index + 1, problem: "expected 'shard<TAB>number<TAB>key<TAB>reason'")
            }
            return Entry(
                shard: columns[0], number: number, key: columns[2], reason: columns.count > 3 ? columns[3] : "")
        }
    }

    /// The excluded samples of a data set, ascending. Lines about other shards are skipped, but not all of them may
    /// be; a sample that is not called as its line says means that the shard is another one now.
    /// - Parameter shards: what the data set was opened from, in order.
    package func indices(in dataset: Dataset, shards paths: [String]) throws -> [Int] {
        let shards = Self.names(paths)
        var indices: Set<Int> = []
        for (number, entry) in entries.enumerated() {
            guard let shard = shards[entry.shard] ?? shards[Self.base(entry.shard)] else { continue }
            guard let index = dataset.index(shard: shard, number: entry.number),
                try dataset.key(index) == entry.key
            else {
                throw DataError.line(
                    file: path, line: number + 1,
                    problem:
                        "sample \(entry.number) of \(entry.shard) is not '\(entry.key)': the shard has changed; run "
                        + "'maws data dedupe' again")
            }
            indices.insert(index)
        }
        guard !indices.isEmpty else {
            throw DataError.file(path: path, problem: "names no sample of the shards of split '\(dataset.name)'")
        }
        return indices.sorted()
    }

    /// Lines about shards that are not among these.
    package func foreignCount(shards paths: [String]) -> Int {
        let shards = Self.names(paths)
        return entries.count { shards[$0.shard] == nil && shards[Self.base($0.shard)] == nil }
    }

    /// Numbers of shards by their paths and by those last parts that only one has.
    private static func names(_ paths: [String]) -> [String: Int] {
        var names: [String: Int] = [:]
        var shared: Set<String> = []
        for (number, path) in paths.enumerated() {
            let base = base(path)
            if names.updateValue(number, forKey: base) != nil { shared.insert(base) }
        }
        for base in shared { names[base] = nil }
        for (number, path) in paths.enumerated() { names[path] = number }
        return names
    }

    private static func base(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
}
