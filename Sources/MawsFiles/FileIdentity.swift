import Glibc

/// Which file or folder it is, under whatever name.
package struct FileIdentity: Hashable {
    private let device: UInt64
    private let node: UInt64

    package init(_ status: stat) { (device, node) = (UInt64(status.st_dev), UInt64(status.st_ino)) }

    /// What a path leads to; nil where nothing is there.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }
}
