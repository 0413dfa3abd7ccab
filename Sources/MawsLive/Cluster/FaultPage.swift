import Glibc
import Synchronization

/// The page of memory that the rig shares with one process, by which the shim in that process knows what to do; its
/// file lies beside the process's output. See RigShim.c, which has the same slots.
package final class FaultPage: Sendable {
    package enum Slot: Int {
        case diskFull, syncFails, slowMicroseconds, clockSeconds, callsHit
    }

    package let path: String
    private static let bytes = 4096
    private let page: Mutex<UnsafeMutablePointer<Int64>>

    package init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        guard file >= 0, ftruncate(file, Self.bytes) == 0,
            let memory = mmap(nil, Self.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw LiveError.unusable("The rig cannot make \(path): \(String(cString: strerror(errno))).") }
        self.path = path
        page = Mutex(memory.bindMemory(to: Int64.self, capacity: Self.bytes / 8))
    }

    package subscript(slot: Slot) -> Int64 {
        get { page.withLock { $0[slot.rawValue] } }
        set { page.withLock { $0[slot.rawValue] = newValue } }
    }

    /// The shared library beside the programs, which reads the page where it is preloaded.
    package static func shim(in programs: String) -> String { programs + "/libMawsRigShim.so" }

    deinit { page.withLock { _ = munmap($0, Self.bytes) } }
}
