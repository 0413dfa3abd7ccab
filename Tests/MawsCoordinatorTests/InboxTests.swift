import Foundation
import MawsCoordinator
import MawsWire
import Testing

/// A peer that sends without end waits for itself, and for nobody else.
struct InboxTests {
    private let budget = MessageBudget.viewer

    @Test func whoHasSentWhatItMayWaitsUntilSomeOfItIsHandled() {
        let inbox = Inbox()
        for _ in 0..<budget.waitingMax { inbox.enter(1, budget) }
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [budget] in
            inbox.enter(1, budget)
            done.signal()
        }
        #expect(done.wait(timeout: .now() + 0.05) == .timedOut)
        inbox.leave(1)
        done.wait()
    }

    /// A message larger than all that may wait has room once nothing else waits: it would never have otherwise.
    @Test func oneMessageHasRoomHoweverLargeItIs() {
        let inbox = Inbox()
        inbox.enter(budget.waitingBytesMax + 1, budget)
        inbox.leave(budget.waitingBytesMax + 1)
        inbox.enter(budget.waitingBytesMax + 1, budget)
    }

    @Test func nobodyWaitsForWhatWillNotBeHandledAnyMore() {
        let inbox = Inbox()
        inbox.enter(budget.waitingBytesMax, budget)
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Thread.detachNewThread { [budget] in
                inbox.enter(budget.waitingBytesMax, budget)
                inbox.settle()
                done.signal()
            }
        }
        inbox.end()
        for _ in 0..<2 { done.wait() }
    }

    /// Bytes count like messages, and those of whoever is handled make room.
    @Test func largeMessagesWaitForEachOther() {
        let inbox = Inbox()
        let half = budget.waitingBytesMax / 2
        inbox.enter(half, budget)
        inbox.enter(half, budget)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [budget] in
            inbox.enter(1, budget)
            done.signal()
        }
        #expect(done.wait(timeout: .now() + 0.05) == .timedOut)
        inbox.leave(half)
        done.wait()
    }

    @Test func itIsSettledOnceAllIsHandled() {
        let inbox = Inbox()
        inbox.settle()
        for _ in 0..<2 { inbox.enter(1, budget) }
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            inbox.settle()
            done.signal()
        }
        inbox.leave(1)
        #expect(done.wait(timeout: .now() + 0.05) == .timedOut)
        inbox.leave(1)
        done.wait()
    }
}
