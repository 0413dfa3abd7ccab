import Foundation
import MawsBase
import MawsRecords

/// The progress of one long command as a bar on standard error; nothing where that is no terminal.
package final class ProgressBar {
    private static let columns = 30
    private static let intervalSeconds = 0.1

    private let title: String
    private let isTerminal: Bool
    private let write: (String) -> Void
    private let start = Moment.now()
    private var shownAt: Moment?

    /// - Parameters:
    ///   - title: what is being done, `counting hashtags` for instance.
    ///   - write: writes a text as it is on standard error.
    package init(
        _ title: String, isTerminal: Bool = isatty(STDERR_FILENO) == 1, write: @escaping (String) -> Void
    ) {
        self.title = title
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Shows that this share is done, 0...1, at most ten times a second.
    package func show(_ share: Double) {
        guard isTerminal else { return }
        let now = Moment.now()
        if let shownAt, now.seconds(since: shownAt) < Self.intervalSeconds { return }
        shownAt = now
        write("\r\(line(share, seconds: now.seconds(since: start)))\u{1B}[K")
    }

    /// Removes the bar, so that what is printed next starts on a clean line.
    package func finish() {
        if shownAt != nil { write("\r\u{1B}[K") }
        shownAt = nil
    }

    package func line(_ share: Double, seconds: Double) -> String {
        let share = min(1, max(0, share))
        let done = Int(share * Double(Self.columns))
        let bar = String(repeating: "█", count: done) + String(repeating: "░", count: Self.columns - done)
        let left = share > 0.01 ? ", \(Figure.wholeDuration(seconds / share * (1 - share))) left" : ""
        return "\(title) \(bar) \(Figure.percent(share))\(left)"
    }
}
