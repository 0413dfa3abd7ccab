import Dispatch
import Foundation
import MawsProcess

/// Turns Ctrl-C and `kill` into a clean stop; a second one ends the process at once.
package final class StopSignals: @unchecked Sendable {
    private static let numbers = [SIGINT, SIGTERM]

    private let sources: [any DispatchSourceSignal]
    /// What these signals did before.
    private let before: [sighandler_t?]
    /// Touched by the handlers alone, which share one serial queue.
    private var wasAsked = false

    /// Returns once the signals are caught: processes that are started from then on do not ignore them.
    ///
    /// - Parameter standing: says at a second signal what is kept all the same.
    package init(mailbox: Mailbox<NodeEvent>, standing: RunStanding) {
        let queue = DispatchQueue(label: "maws.signals")
        let isCaught = DispatchSemaphore(value: 0)
        before = Self.numbers.map { signal($0, SIG_IGN) }
        sources = Self.numbers.map { DispatchSource.makeSignalSource(signal: $0, queue: queue) }
        for source in sources {
            source.setRegistrationHandler { isCaught.signal() }
            source.setEventHandler { [weak self] in self?.ask(mailbox, standing) }
            source.resume()
        }
        for _ in sources { isCaught.wait() }
    }

    /// The signals do again what they did before.
    package func restore() {
        for source in sources { source.cancel() }
        for (number, handler) in zip(Self.numbers, before) { signal(number, handler) }
    }

    private func ask(_ mailbox: Mailbox<NodeEvent>, _ standing: RunStanding) {
        if wasAsked {
            Console.tell("\nEnded at once. \(standing.text)")
            ProcessEnd.leave(130)
        }
        wasAsked = true
        mailbox.post(.stop)
    }
}
