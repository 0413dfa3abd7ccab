import Glibc
import MawsBase
import MawsSum
import MawsTensor
import MawsTransport

/// Memory for gradients on their way into the sum, used again and again, below a fixed limit.
///
/// Whoever needs memory above the limit waits for others to give theirs back; meanwhile the sender's connection fills
/// up and it waits too.
final class BufferPool: SumMemory, @unchecked Sendable {
    /// Half of the machine's memory.
    static var defaultLimitBytes: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 2 }

    private let limitBytes: Int
    private let world: ServerWorld
    private let condition = MonotonicCondition()
    private var bytesInUse = 0
    /// Idle buffers by their number of floats.
    private var idle: [Int: [FloatBuffer]] = [:]

    init(limitBytes: Int, world: ServerWorld) { (self.limitBytes, self.world) = (limitBytes, world) }

    /// What a server may keep beside gradients and its state: encoded weights. A quarter of the gradients' share.
    var otherBytesMax: Int { limitBytes / 4 }

    /// A buffer with any content; nil when none came free in time.
    func take(_ count: Int, waitSeconds: Double) -> FloatBuffer? {
        let deadline = world.now() + waitSeconds
        condition.lock()
        defer { condition.unlock() }
        while bytesInUse > 0 && bytesInUse + 4 * count > limitBytes {
            if !world.wait(condition, deadline) { return nil }
        }
        bytesInUse += 4 * count
        return idle[count]?.popLast() ?? FloatBuffer(count: count)
    }

    /// The same without waiting, for memory that takes the place of other memory.
    func takeAtOnce(_ count: Int) -> FloatBuffer {
        condition.lock()
        defer { condition.unlock() }
        bytesInUse += 4 * count
        return idle[count]?.popLast() ?? FloatBuffer(count: count)
    }

    func count(_ sum: PackedSum) {
        condition.lock()
        defer { condition.unlock() }
        bytesInUse += 4 * sum.values.count
    }

    func give(_ sum: PackedSum) {
        if sum.runs == nil { return give(sum.values) }
        condition.lock()
        defer { condition.unlock() }
        bytesInUse -= 4 * sum.values.count
        condition.broadcast()
    }

    func give(_ buffer: FloatBuffer) {
        condition.lock()
        defer { condition.unlock() }
        bytesInUse -= 4 * buffer.count
        idle[buffer.count, default: []].append(buffer)
        condition.broadcast()
    }
}
