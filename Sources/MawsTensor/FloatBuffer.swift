import Foundation
import Synchronization

/// 64-byte aligned memory for `count` Floats, zeroed when made.
///
/// Made at once, or reserved and committed from the front as it is needed (`Workspace`).
/// The one owner of tensor memory. Access is not synchronised: whoever holds the buffer decides who writes.
package final class FloatBuffer: @unchecked Sendable {
    package let count: Int
    package let pointer: UnsafeMutablePointer<Float>
    private static let allocations = Atomic<Int>(0)
    private static let liveFloats = Atomic<Int>(0)
    /// Large buffers consist of pages of this size, where the system has them: products walk through memory in strides
    /// for which small pages would fill the processor's table of pages.
    private static let pageBytes = 2 << 20
    private let isReserved: Bool
    private var committed: Int
    private let tally: BufferTally?

    /// Buffers made by this process so far: a computation that has settled makes no more.
    package static var allocationCount: Int { allocations.load(ordering: .relaxed) }
    /// Bytes of all buffers that are there.
    package static var liveByteCount: Int { liveFloats.load(ordering: .relaxed) * MemoryLayout<Float>.stride }

    package init(count: Int) {
        precondition(count >= 0)
        (self.count, committed, isReserved, tally) = (count, count, false, BufferTally.current)
        let byteCount = max(count, 1) * MemoryLayout<Float>.stride
        tally?.add(count * MemoryLayout<Float>.stride)
        if let raw = tally?.rehearsed(byteCount: byteCount) {
            pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
            return
        }
        let isLarge = byteCount >= Self.pageBytes
        let raw = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: isLarge ? Self.pageBytes : 64)
        if isLarge { madvise(raw, byteCount, MADV_HUGEPAGE) }
        pointer = raw.bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: 0, count: max(count, 1))
        Self.countAllocation(of: count)
    }

    package convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { pointer.update(from: base, count: values.count) }
        }
    }

    /// `count` zeros that take memory only where something is written, in small pages.
    package convenience init(sparse count: Int) {
        self.init(reserving: max(count, 1), isSparse: true)
        commit(count)
    }

    /// Addresses for `count` floats without memory behind them; `commit` puts it there.
    init(reserving count: Int, isSparse: Bool = false) {
        (self.count, committed, isReserved, tally) = (count, 0, true, BufferTally.current)
        let byteCount = count * MemoryLayout<Float>.stride
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let raw = mmap(nil, byteCount, PROT_NONE, flags, -1, 0), raw != MAP_FAILED else {
            preconditionFailure("the system gives no \(byteCount >> 30) GiB of address space; see `ulimit -v`")
        }
        if !isSparse { madvise(raw, byteCount, MADV_HUGEPAGE) }
        pointer = raw.bindMemory(to: Float.self, capacity: count)
    }

    deinit {
        let raw = UnsafeMutableRawPointer(pointer)
        tally?.add(-committed * MemoryLayout<Float>.stride)
        if holdsValues { Self.liveFloats.wrappingSubtract(committed, ordering: .relaxed) }
        if isReserved || !holdsValues {
            munmap(raw, max(count, 1) * MemoryLayout<Float>.stride)
        } else {
            raw.deallocate()
        }
    }

    /// Makes the first `needed` floats of a reserved buffer usable; new ones are zero.
    func commit(_ needed: Int) {
        guard needed > committed else { return }
        precondition(needed <= count, "a computation takes more than the \(count >> 28) GiB of a workspace")
        let floatsOfPage = Self.pageBytes / MemoryLayout<Float>.stride
        let next = min(count, (needed + floatsOfPage - 1) / floatsOfPage * floatsOfPage)
        let start = committed * MemoryLayout<Float>.stride
        let byteCount = (next - committed) * MemoryLayout<Float>.stride
        let raw = UnsafeMutableRawPointer(pointer)
        committed = next
        tally?.add(byteCount)
        if let tally, tally.rehearses { return tally.cover(raw, start..<start + byteCount) }
        let result = mprotect(raw + start, byteCount, PROT_READ | PROT_WRITE)
        precondition(result == 0, "the system gives no more memory, \(byteCount) bytes were needed")
        Self.countAllocation(of: byteCount / MemoryLayout<Float>.stride)
    }

    private static func countAllocation(of count: Int) {
        allocations.wrappingAdd(1, ordering: .relaxed)
        liveFloats.wrappingAdd(count, ordering: .relaxed)
    }

    package subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count)
            return pointer[index]
        }
        set {
            precondition(index >= 0 && index < count)
            pointer[index] = newValue
        }
    }

    package var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    package func zero() { if holdsValues { pointer.update(repeating: 0, count: count) } }

    /// Not so in a rehearsal.
    var holdsValues: Bool { !(tally?.rehearses ?? false) }

    /// The raw bytes, for transport.
    package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: pointer, count: count * MemoryLayout<Float>.stride)
    }

    /// The bytes of a range of elements, for transport.
    package func bytes(of range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return UnsafeMutableRawBufferPointer(
            start: pointer + range.lowerBound, count: range.count * MemoryLayout<Float>.stride)
    }
}
