import Foundation
import MawsCoordinator
import Testing

/// Events of many threads, for one.
struct MailboxTests {
    @Test func whatEachThreadPostsComesInItsOrderAndOnce() {
        let mailbox = Mailbox<(thread: Int, number: Int)>()
        for thread in 0..<4 {
            Thread.detachNewThread {
                for number in 0..<500 { mailbox.post((thread, number)) }
            }
        }
        var taken: [(thread: Int, number: Int)] = []
        while taken.count < 2000 {
            let events = mailbox.take(waitingSeconds: 300)
            if events.isEmpty { break }
            taken += events
        }
        for thread in 0..<4 {
            #expect(taken.filter { $0.thread == thread }.map(\.number) == Array(0..<500))
        }
        #expect(mailbox.take(waitingSeconds: 0).isEmpty)
    }

    /// Who waits is woken by the first event, and does not wait where there is one.
    @Test func aWaitEndsWithTheFirstEvent() {
        let mailbox = Mailbox<Int>()
        mailbox.post(1)
        mailbox.post(2)
        #expect(mailbox.take(waitingSeconds: 3000) == [1, 2])
        let isWaiting = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            isWaiting.wait()
            mailbox.post(3)
        }
        isWaiting.signal()
        #expect(mailbox.take(waitingSeconds: 3000) == [3])
        #expect(mailbox.take(waitingSeconds: 0.01) == [])
    }
}
