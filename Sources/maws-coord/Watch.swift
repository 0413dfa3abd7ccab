import ArgumentParser
import Foundation
import MawsProcess
import MawsRecords
import MawsReport

/// Shows the status again and again until the run ends or the person has seen enough.
struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the status of a run again every second.")

    @OptionGroup var viewer: ViewerOptions

    @Option(parsing: .unconditional, help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
    var every = 1.0

    func validate() throws {
        guard every >= 0.1, every <= 3600 else { throw ValidationError("--every takes 0.1 to 3600 seconds.") }
    }

    func run() throws {
        let connection = try Viewer(viewer)
        defer { connection.close() }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        while Console.outputProblem == nil, let snapshot = try next(connection) {
            let table = StatusTable.draw(snapshot)
            // Home, then clear line by line while writing and the rest at the end: no flicker.
            let lines = table.split(separator: "\n", omittingEmptySubsequences: false)
            let text =
                isTerminal ? "\u{1B}[H" + lines.map { "\($0)\u{1B}[K\n" }.joined() + "\u{1B}[J" : "\(table)\n\n"
            Console.draw(text)
            Thread.sleep(forTimeInterval: every)
        }
    }

    /// Nil when the coordinator said that it ends: what there was to watch is over.
    private func next(_ connection: Viewer) throws -> StatusSnapshot? {
        do {
            return try connection.status()
        } catch let error as ViewerError {
            guard case .ended = error else { throw error }
            Console.say("\(error)")
            return nil
        }
    }
}
