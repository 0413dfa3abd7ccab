import Foundation
import Synchronization

/// Counts the bytes of the `FloatBuffer`s that one thread makes while the tally is in force there.
///
/// A tally that **rehearses** makes them without taking memory: buffers are then address space in front of one small
/// piece of shared memory; they may be written, and what is read back means nothing. Together with a backend that
/// rehearses (`ComputeBackend.rehearsal`) a step of any model goes through its own code in little time and memory.
package final class BufferTally: @unchecked Sendable {
    @TaskLocal static var current: BufferTally?

    /// Bytes of the buffers that are there, and the most that were there at once.
    package private(set) var liveByteCount = 0
    package private(set) var peakByteCount = 0
    private let memory: RehearsalMemory?

    package init(rehearses: Bool) { memory = rehearses ? RehearsalMemory() : nil }

    /// Calls `body` with the tally in force on this thread.
    package func run<Result>(_ body: () throws -> Result) rethrows -> Result {
        try Self.$current.withValue(self) { try body() }
    }

    var rehearses: Bool { memory != nil }

    /// Counts bytes that are there from now on, or, negative ones, no more.
    func add(_ byteCount: Int) {
        liveByteCount += byteCount
        peakByteCount = max(peakByteCount, liveByteCount)
    }

    /// Addresses in place of memory; nil where the tally does not rehearse.
    func rehearsed(byteCount: Int) -> UnsafeMutableRawPointer? {
        guard let memory else { return nil }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let range = mmap(nil, byteCount, PROT_NONE, flags, -1, 0), range != MAP_FAILED else {
            preconditionFailure("the system gives no address space for \(byteCount) bytes")
        }
        memory.cover(range, 0..<byteCount)
        return range
    }

    /// Makes some of the bytes behind a reserved range usable, whose addresses begin at `range`.
    func cover(_ range: UnsafeMutableRawPointer, _ bytes: Range<Int>) { memory?.cover(range, bytes) }
}

/// Memory that is mapped again and again behind large address ranges.
private final class RehearsalMemory {
    private static let byteCount = 64 << 20
    private static let made = Atomic<Int>(0)
    /// -1 where the system has no shared memory: ranges are then private, and take what is written.
    private let descriptor: Int32

    init() {
        let name = "/maws-rehearsal-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
        let descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        if descriptor >= 0 {
            shm_unlink(name)
            ftruncate(descriptor, Self.byteCount)
        }
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// - Parameter bytes: begin at a page.
    func cover(_ range: UnsafeMutableRawPointer, _ bytes: Range<Int>) {
        let access = PROT_READ | PROT_WRITE
        guard descriptor >= 0 else {
            mprotect(range + bytes.lowerBound, bytes.count, access)
            return
        }
        var start = bytes.lowerBound
        while start < bytes.upperBound {
            // Neighbours in the memory stay neighbours in the range, so that the system joins their mappings.
            let offset = start % Self.byteCount
            let part = min(Self.byteCount - offset, bytes.upperBound - start)
            mmap(range + start, part, access, MAP_SHARED | MAP_FIXED, descriptor, offset)
            start += part
        }
    }
}
