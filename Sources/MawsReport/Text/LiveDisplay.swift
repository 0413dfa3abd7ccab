import Foundation
import MawsBase
import MawsRecords

/// Writes the progress of a run: one live line a stage in a terminal, plain lines now and then elsewhere.
///
/// Not synchronised: one thread shows, says and finishes.
package final class LiveDisplay {
    /// Seconds between two plain lines of one stage.
    package static let logIntervalSeconds = 5.0
    /// Seconds between two redraws of the live line.
    package static let drawIntervalSeconds = 0.1

    private let isTerminal: Bool
    private let width: () -> Int
    private let write: (String) -> Void
    private var shown: StatusSnapshot?
    private var shownAt = Moment(nanoseconds: 0)
    /// Newer than `shown`, and not written because its time had not come.
    private var pending: StatusSnapshot?

    /// A display on standard output, live when that is a terminal.
    /// - Parameter write: writes a text there as it is.
    package convenience init(write: @escaping (String) -> Void) {
        let type = ProcessInfo.processInfo.environment["TERM"] ?? ""
        self.init(
            isTerminal: isatty(STDOUT_FILENO) == 1 && !type.isEmpty && type != "dumb", width: Self.terminalWidth,
            write: write)
    }

    /// - Parameter width: columns of the terminal, asked for at every line because a person may resize it.
    package init(isTerminal: Bool, width: @escaping () -> Int, write: @escaping (String) -> Void) {
        self.isTerminal = isTerminal
        self.width = width
        self.write = write
    }

    package func show(_ snapshot: StatusSnapshot, at now: Moment) {
        let isNewStage = snapshot.stage != shown?.stage
        if isNewStage { finish() }
        let interval = isTerminal ? Self.drawIntervalSeconds : Self.logIntervalSeconds
        guard isNewStage || now.seconds(since: shownAt) >= interval else {
            pending = snapshot
            return
        }
        shownAt = now
        draw(snapshot)
    }

    /// Prints a line of its own without tearing the live line.
    package func say(_ text: String) {
        write(isTerminal && shown != nil ? "\r\u{1B}[K\(text)\n" : "\(text)\n")
        if isTerminal, let shown { draw(pending ?? shown) }
    }

    /// Writes the stage's last figures and ends the live line, so that what is printed next starts on its own line.
    package func finish() {
        guard shown != nil else { return }
        if let pending { draw(pending) }
        if isTerminal { write("\n") }
        shown = nil
    }

    private func draw(_ snapshot: StatusSnapshot) {
        // One column stays free: some terminals wrap as soon as the last one is written.
        let line = isTerminal ? LiveLine.terminal(snapshot, width: width() - 1) : LiveLine.log(snapshot)
        write(isTerminal ? "\r\(line)\u{1B}[K" : "\(line)\n")
        shown = snapshot
        pending = nil
    }

    private static func terminalWidth() -> Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
