import Foundation
import MawsBase
import MawsTransport
import Testing

struct MonotonicConditionTests {
    @Test func aWaitEndsAtItsDeadlineAndNotBefore() {
        let condition = MonotonicCondition()
        condition.lock()
        defer { condition.unlock() }
        let start = Moment.now()
        while condition.wait(until: start + 0.05) {}
        #expect(Moment.now().seconds(since: start) >= 0.05)
        #expect(!condition.wait(until: start))
    }

    /// A deadline that never comes is waited for as long as it takes.
    @Test(arguments: [60.0, 1e9])
    func aChangeEndsAWaitBeforeItsDeadline(seconds: Double) {
        let condition = MonotonicCondition()
        nonisolated(unsafe) var isReady = false
        let deadline = Moment.now() + seconds
        condition.lock()
        Thread.detachNewThread {
            condition.lock()
            isReady = true
            condition.broadcast()
            condition.unlock()
        }
        var isInTime = true
        while !isReady && isInTime { isInTime = condition.wait(until: deadline) }
        #expect(isReady && isInTime)
        condition.unlock()
    }
}
