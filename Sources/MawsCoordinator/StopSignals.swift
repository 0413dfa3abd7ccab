import Dispatch
import Foundation
import MawsProcess

/// Turns Ctrl-C and `kill` into a clean stop; a second one ends the process at once.
final class StopSignals: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]
    /// Touched on the main dispatch queue's signal handlers only, which share one serial queue.
    private var wasAsked = false

    /// - Parameter standing: says at a second signal what is kept all the same.
    init(mailbox: Mailbox<NodeEvent>, standing: RunStanding) {
        let queue = DispatchQueue(label: "maws.signals")
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for source in sources {
            source.setEventHandler { [weak self] in self?.ask(mailbox, standing) }
            source.resume()
        }
    }

    func restore() { for source in sources { source.cancel() } }

    private func ask(_ mailbox: Mailbox<NodeEvent>, _ standing: RunStanding) {
        if wasAsked {
            Console.tell("\nEnded at once, without a checkpoint. \(standing.text)")
            exit(130)
        }
        wasAsked = true
        mailbox.post(.stop)
    }
}
