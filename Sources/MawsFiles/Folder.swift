import Glibc

/// Folders: made with their parents, listed in a fixed order, made durable, removed.
package enum Folder {
    /// Makes the folder and the missing ones above it; `mode` is that of the last one.
    package static func make(_ path: String, mode: mode_t = 0o755) throws {
        if exists(path) { return }
        let above = parent(of: path)
        if above != path { try make(above) }
        if mkdir(path, mode) != 0 && errno != EEXIST { throw StorageError.last("make the folder", path) }
    }

    /// Makes a folder that its owner alone may enter, or makes one so that is there and holds nothing but files whose
    /// names begin with `prefix`. Returns whether one was open to others until now.
    package static func makePrivate(_ path: String, holding prefix: String) throws -> Bool {
        guard exists(path) else {
            try make(path, mode: 0o700)
            return false
        }
        guard try mode(of: path) & 0o077 != 0, try names(in: path).allSatisfy({ $0.hasPrefix(prefix) }) else {
            return false
        }
        // A folder of somebody else's may be used, but not changed.
        return chmod(path, 0o700) == 0
    }

    /// The permissions of a file or folder.
    package static func mode(of path: String) throws -> mode_t {
        var status = stat()
        if stat(path, &status) != 0 { throw StorageError.last("look at", path) }
        return status.st_mode & 0o7777
    }

    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Names in the folder, ascending, without `.` and `..`.
    package static func names(in path: String) throws -> [String] {
        guard let folder = opendir(path) else { throw StorageError.last("list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a folder of plain files; what is gone already is no error.
    package static func remove(_ path: String) throws {
        guard exists(path) else { return }
        for name in try names(in: path) where unlink("\(path)/\(name)") != 0 && errno != ENOENT {
            throw StorageError.last("remove", "\(path)/\(name)")
        }
        if rmdir(path) != 0 && errno != ENOENT { throw StorageError.last("remove", path) }
    }

    /// Makes the names in the folder durable.
    package static func synchronize(_ path: String) throws {
        try OpenFile(path, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    /// `.` for a name alone. Foundation's own function traps on a name of one character.
    package static func parent(of path: String) -> String {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        rest = rest[..<slash]
        while rest.last == "/" { rest.removeLast() }
        return rest.isEmpty ? "/" : String(rest)
    }
}
