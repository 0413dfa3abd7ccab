import Foundation
import Glibc

/// Keeps a server's resident memory below a limit: above it the pages of the mapped state file leave the process. They
/// stay in the system's cache, or on the disk, and come back when they are touched.
///
/// Gradients on their way are in `BufferPool`, which gets a part of the limit and keeps to it.
struct ResidentWatch {
    /// Between two looks; at disk speeds a few hundred megabytes come in meanwhile at most.
    static let intervalSeconds = 0.02

    let limitBytes: Int

    /// The part of the limit that gradients may take.
    var bufferLimitBytes: Int { min(limitBytes / 2, BufferPool.defaultLimitBytes) }

    /// Pages are let go before the limit is reached, because they come in between two looks.
    ///
    /// - Parameter residentBytes: what the process has in memory; nil: it may be too much.
    func look(at memory: ShardMemory?, residentBytes: Int?) {
        if residentBytes ?? .max > limitBytes / 4 * 3 { memory?.releaseResident() }
    }

    /// What the process has in memory, mapped files included; nil where the system does not say.
    static var residentBytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .ascii) else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }
}
