import Foundation
import Glibc

/// The shards that a pattern names: braces are expanded, then `*` stands for any characters of files that are there.
package enum ShardPattern {
    /// Each is a whole sentence's worth but for its full stop.
    package enum Fault: Error, Hashable {
        case braces(BracePattern.Fault)
        /// No file fits a pattern with `*`.
        case nothingFits(pattern: String)
        /// Some files of a pattern are not there: the first of these, and those that are.
        case missing(name: String, count: Int, there: [String])
        /// A folder stands where shards belong, with so many of them in it.
        case folder(name: String, shards: Int)
        /// A list of images stands where shards belong.
        case list(name: String)
        /// No path that a file system takes, and why; see `PathText`.
        case unread(problem: String)
    }

    /// - Parameter root: folder that relative paths are relative to; nil: files are not looked at.
    package static func expand(_ pattern: String, root: String?) throws(Fault) -> [String] {
        let names: [String]
        do throws(BracePattern.Fault) {
            names = try BracePattern.expand(pattern)
        } catch {
            throw .braces(error)
        }
        guard let root else { return names }
        for name in names {
            if let problem = PathText.problem(name, mayBeRemote: true) { throw .unread(problem: problem) }
        }
        var found: [String] = []
        for name in names { found += try files(name, root: root) }
        let missing = found.filter { isLocal($0) && !isThere($0, root) }
        if let first = missing.first {
            throw .missing(name: first, count: found.count, there: found.filter { isThere($0, root) })
        }
        for name in found where isLocal(name) {
            if access(PathText.resolved(name, root: root) + "/.", F_OK) == 0 {
                let there =
                    (try? FileManager.default.contentsOfDirectory(atPath: PathText.resolved(name, root: root))) ?? []
                throw .folder(name: name, shards: there.count { $0.hasSuffix(".tar") })
            }
            if lists.contains(where: { name.lowercased().hasSuffix($0) }) { throw .list(name: name) }
        }
        return found
    }

    private static let lists = [".csv", ".tsv", ".jsonl"]

    /// What to write in place of a folder, as the rest of a sentence.
    /// - Parameter images: how images in a folder are named.
    package static func advice(folder: String, shards: Int, images: String) -> String {
        var name = folder[...]
        while name.count > 1, name.last == "/" { name.removeLast() }
        return shards > 0
            ? "for the \(shards) shards in it write '\(name)/*.tar'"
            : "there is no shard (.tar) in it; for images in it write \(images)"
    }

    /// What to do about missing shards, as the rest of a sentence.
    package static func advice(count: Int, there: [String]) -> String {
        guard count > 1 else { return "`maws data pack` makes the shards of a data set" }
        guard let first = there.first, let last = there.last else {
            return "none of the pattern's \(count) files is there"
        }
        let names = there.count == 1 ? first : "\(first) to \(last)"
        return "of the pattern's \(count) files \(there.count) \(there.count == 1 ? "is" : "are") there, \(names); "
            + "name these, or write * for the numbers"
    }

    private static func isLocal(_ name: String) -> Bool {
        !DataSplitPlan.isRemote(name) && !name.hasPrefix("folder:") && !name.hasPrefix("list:")
    }

    private static func isThere(_ name: String, _ root: String) -> Bool {
        isLocal(name) && access(PathText.resolved(name, root: root), F_OK) == 0
    }

    /// The name itself, or the files that fit its `*`, in the order of their bytes.
    private static func files(_ name: String, root: String) throws(Fault) -> [String] {
        guard name.contains("*"), isLocal(name), !isThere(name, root) else { return [name] }
        let pattern = PathText.resolved(name, root: root)
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, GLOB_NOSORT, nil, &matches) == 0 else { throw .nothingFits(pattern: name) }
        let prefixLength = pattern.utf8.count - name.utf8.count
        let paths = (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
        return paths.map { String(decoding: $0.utf8.dropFirst(prefixLength), as: UTF8.self) }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
