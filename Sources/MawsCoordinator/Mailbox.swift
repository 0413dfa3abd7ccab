import MawsBase
import MawsTransport

/// Hands events from many threads to the one that decides.
package final class Mailbox<Event: Sendable>: @unchecked Sendable {
    /// Guards `events`.
    private let condition = MonotonicCondition()
    private var events: [Event] = []

    package init() {}

    package func post(_ event: Event) {
        condition.lock()
        events.append(event)
        condition.signal()
        condition.unlock()
    }

    /// All events so far, in order; waits at most so many seconds for the first.
    package func take(waitingSeconds seconds: Double) -> [Event] {
        condition.lock()
        defer { condition.unlock() }
        let deadline = Moment.now() + seconds
        while events.isEmpty, condition.wait(until: deadline) {}
        defer { events = [] }
        return events
    }
}
