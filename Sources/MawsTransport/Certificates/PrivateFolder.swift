import Glibc

/// A folder that only its owner may enter, filled beside its place and moved there whole.
struct PrivateFolder {
    private let target: String
    private let draft: String

    /// Throws when `folder` exists and is not empty.
    init(replacing folder: String) throws {
        target = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        draft = "\(target).partial-\(getpid())"
        guard Self.isEmptyOrMissing(target) else { throw TransportError.folderNotEmpty(path: target) }
        guard mkdir(draft, 0o700) == 0, chmod(draft, 0o700) == 0 else {
            throw TransportError.badFile(path: draft, reason: "cannot be made (\(systemText(errno)))")
        }
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let path = "\(draft)/\(name)"
        guard Self.write(bytes, to: path) else { throw abandoned(path) }
    }

    /// Puts a file in the place of another, whole or not at all.
    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let draft = "\(path).partial-\(getpid())"
        guard write(bytes, to: draft), rename(draft, path) == 0 else {
            let number = errno
            unlink(draft)
            throw TransportError.badFile(path: path, reason: "cannot be written (\(systemText(number)))")
        }
    }

    /// Makes a file that is not there yet, its owner's alone whatever the umask is; false with the reason in `errno`.
    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        return Glibc.write(file, bytes, bytes.count) == bytes.count && fchmod(file, 0o600) == 0 && fsync(file) == 0
    }

    /// Moves the folder into its place.
    func publish() throws {
        guard rename(draft, target) == 0 else { throw abandoned(target) }
    }

    /// Removes the draft; the error says what could not be written and why.
    private func abandoned(_ path: String) -> TransportError {
        let error = TransportError.badFile(path: path, reason: "cannot be written (\(systemText(errno)))")
        for name in Self.names(in: draft) { unlink("\(draft)/\(name)") }
        rmdir(draft)
        return error
    }

    private static func isEmptyOrMissing(_ path: String) -> Bool {
        access(path, F_OK) != 0 || (isFolder(path) && names(in: path).isEmpty)
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
