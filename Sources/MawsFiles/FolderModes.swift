import Glibc

/// Gives files and folders the permissions that they would have, had they been made under a given `umask`.
package struct FolderModes {
    private let withheldBits: mode_t
    /// Files and folders that were changed, and those of them that had been open to more users.
    package private(set) var changedCount = 0
    package private(set) var closedCount = 0

    /// - Parameter withheldBits: as `umask` takes them.
    package init(withheldBits: mode_t) { self.withheldBits = withheldBits }

    /// The file or folder, and everything in it. Links are left alone, as what they lead to is not in the folder; so is
    /// what belongs to another user.
    package mutating func settle(_ path: String) throws {
        guard let mode = settleOne(path), mode & S_IFMT == S_IFDIR else { return }
        for name in try Folder.names(in: path) { try settle("\(path)/\(name)") }
    }

    /// The file or folder alone. Returns its mode; nil where there is none, or a link.
    @discardableResult
    package mutating func settleOne(_ path: String) -> mode_t? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFDIR || kind == S_IFREG else { return nil }
        let runs = kind == S_IFDIR || status.st_mode & 0o100 != 0
        let wanted = (runs ? 0o777 : 0o666) & ~withheldBits
        let present = status.st_mode & 0o777
        if present != wanted, chmod(path, wanted) == 0 {
            changedCount += 1
            if present & ~wanted & 0o077 != 0 { closedCount += 1 }
        }
        return status.st_mode
    }
}
