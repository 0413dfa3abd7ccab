import Foundation

/// Hands events from many threads to the one that decides.
final class Mailbox<Event: Sendable>: @unchecked Sendable {
    /// Guards `events`.
    private let condition = NSCondition()
    private var events: [Event] = []

    func post(_ event: Event) {
        condition.lock()
        events.append(event)
        condition.signal()
        condition.unlock()
    }

    /// All events so far, in order; waits at most `seconds` for the first.
    func take(waitingSeconds seconds: Double) -> [Event] {
        condition.lock()
        defer { condition.unlock() }
        if events.isEmpty { _ = condition.wait(until: Date(timeIntervalSinceNow: seconds)) }
        defer { events = [] }
        return events
    }
}
