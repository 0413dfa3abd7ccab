import Glibc
import MawsData
import MawsDataFiles
import MawsFiles

/// The files that a command reads, known by what they are and not by their names: nothing that it writes or removes is
/// one of them, whatever it is told to replace.
package struct ReadFiles: Sendable {
    private var files: Set<FileIdentity> = []
    /// Folders of images and of what lies beside them.
    private var folders: Set<FileIdentity> = []
    /// Whether lists are read, which may name any image.
    private var hasLists = false

    private static let imageEndings = ["png", "jpg", "jpeg", "jpe", "jfif", "webp"]

    package init() {}

    /// - Parameters:
    ///   - shards: as a split names them; their indexes and their files of classes are read too.
    ///   - others: paths of further files.
    package init(shards: [String], others: [String?] = []) {
        let packed = PackedClasses()
        for shard in shards {
            if let kind = ["folder:", "list:"].first(where: shard.hasPrefix) {
                let path = String(shard.dropFirst(kind.count))
                if kind == "folder:" { addFolder(path) } else { addList(path) }
            } else if case .local(let path) = DataOpener.Place(shard, root: "") {
                add(path)
                add("\(path).\(ShardIndexFile.ending)")
                if let classes = try? packed.file(ofShard: path)?.path { add(classes) }
            }
        }
        for path in others { path.map { add($0) } }
    }

    private mutating func add(_ path: String) {
        if let file = FileIdentity(path) { files.insert(file) }
    }

    private mutating func addFolder(_ path: String) {
        if let folder = FileIdentity(path) { folders.insert(folder) }
    }

    private mutating func addList(_ path: String) {
        add(path)
        hasLists = true
    }

    mutating func formUnion(_ other: ReadFiles) {
        files.formUnion(other.files)
        folders.formUnion(other.folders)
        hasLists = hasLists || other.hasLists
    }

    /// Throws where a file that is read is there.
    package func refuse(writing path: String) throws {
        guard let file = FileIdentity(path), files.contains(file) || isOfSample(path) else { return }
        throw DataError.output(
            path: path,
            problem: "it is one of the files that this command reads, which it never replaces or removes; take another "
                + "name, prefix or folder for what is written")
    }

    /// Whether the file is an image of a folder or list that is read, or lies beside one.
    private func isOfSample(_ path: String) -> Bool {
        guard hasLists || !folders.isEmpty, case .part(let name) = MemberName.of(ByteName(path)) else { return false }
        let stem = path.withoutExtension
        let isImage = name.part == .image || Self.imageEndings.contains { access("\(stem).\($0)", F_OK) == 0 }
        return isImage && (hasLists || isInFolder(path))
    }

    private func isInFolder(_ path: String) -> Bool {
        guard let resolved = realpath(path, nil) else { return false }
        defer { free(resolved) }
        var parent = String(cString: resolved)
        while let slash = parent.lastIndex(of: "/") {
            parent = String(parent[..<slash])
            if let folder = FileIdentity(parent.isEmpty ? "/" : parent), folders.contains(folder) { return true }
        }
        return false
    }
}

extension String {
    /// The name up to its last dot.
    var withoutExtension: String { lastIndex(of: ".").map { String(self[..<$0]) } ?? self }
}
