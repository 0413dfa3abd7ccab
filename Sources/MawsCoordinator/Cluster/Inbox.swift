import MawsTransport
import MawsWire

/// Counts the messages of one peer that wait to be handled: while there are as many as its budget allows, the thread
/// that receives them waits, and with it the peer. So a peer that sends without end takes its own share of the deciding
/// thread and of memory, and no more.
package final class Inbox: @unchecked Sendable {
    private let condition = MonotonicCondition()
    private var waiting = 0
    private var waitingBytes = 0
    private var isEnded = false

    package init() {}

    /// Waits until there is room for one more message of that many bytes; one always has room, however large.
    package func enter(_ bytes: Int, _ budget: MessageBudget) {
        condition.lock()
        defer { condition.unlock() }
        while waiting > 0 && !isEnded
            && (waiting >= budget.waitingMax || waitingBytes + bytes > budget.waitingBytesMax)
        {
            condition.wait()
        }
        waiting += 1
        waitingBytes += bytes
    }

    /// A message was handled.
    package func leave(_ bytes: Int) {
        condition.lock()
        defer { condition.unlock() }
        waiting -= 1
        waitingBytes -= bytes
        condition.broadcast()
    }

    /// Waits until all that came was handled.
    package func settle() {
        condition.lock()
        defer { condition.unlock() }
        while waiting > 0 && !isEnded { condition.wait() }
    }

    /// Nobody handles anything any more.
    package func end() {
        condition.lock()
        defer { condition.unlock() }
        isEnded = true
        condition.broadcast()
    }
}
