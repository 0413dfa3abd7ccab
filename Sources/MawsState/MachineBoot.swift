import Glibc
import MawsFiles
import MawsHash

/// Which run of the machine this is: a mapped file holds what was written to it only until the machine stops.
package enum MachineBoot {
    package static let path = "/proc/sys/kernel/random/boot_id"

    /// 16 bytes that change when the machine starts again; nil where the system does not say. What is unknown is like
    /// nothing else, not even like another unknown.
    package static let identity: [UInt8]? = MachineBoot.identity(path: path)

    package static func identity(path: String) -> [UInt8]? {
        guard let file = try? OpenFile(path, flags: O_RDONLY) else { return nil }
        var text = [UInt8](repeating: 0, count: 36)
        let isRead: Void? = text.withUnsafeMutableBytes { try? file.read(into: $0, at: 0) }
        return isRead == nil ? nil : Array(Hash.digest(of: text).prefix(16))
    }
}
