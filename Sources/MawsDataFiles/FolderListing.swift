import Glibc
import MawsFiles

/// What lies in one folder, links followed, in the order of the names' bytes.
package struct FolderListing {
    package enum Kind {
        case file
        case folder
        /// A link that leads nowhere.
        case brokenLink
        /// A pipe, a socket, a device: nothing that ends when it is read.
        case other
    }

    package struct Entry {
        package var name: ByteName
        package var kind: Kind
    }

    package let entries: [Entry]
    package let identity: FileIdentity

    package init(_ path: ByteName) throws(DataError) {
        guard let folder = path.withPointer({ opendir($0) }) else {
            throw .system(action: "open", path: "\(path)", code: errno)
        }
        defer { closedir(folder) }
        var status = stat()
        guard fstat(dirfd(folder), &status) == 0 else {
            throw .system(action: "read", path: "\(path)", code: errno)
        }
        identity = FileIdentity(status)
        var entries: [Entry] = []
        errno = 0
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { ByteName(Array($0.prefix { $0 != 0 })) }
            if name != ByteName("."), name != ByteName("..") {
                entries.append(Entry(name: name, kind: Self.kind(Int32(entry.pointee.d_type), path / name)))
            }
            errno = 0
        }
        guard errno == 0 else { throw .system(action: "read", path: "\(path)", code: errno) }
        self.entries = entries.sorted { $0.name < $1.name }
    }

    private static func kind(_ type: Int32, _ path: ByteName) -> Kind {
        switch Int(type) {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        default: break
        }
        var status = stat()
        guard path.withPath({ stat($0, &status) }) == 0 else { return .brokenLink }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }
}
