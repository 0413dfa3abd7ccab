import ArgumentParser
import MawsReport

/// Shows once what a running cluster does and who it waits for.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a run is doing, every peer, and who everybody waits for.")

    @OptionGroup var viewer: ViewerOptions

    func run() throws {
        let connection = try Viewer(viewer)
        defer { connection.close() }
        print(StatusTable.draw(try connection.status()))
    }
}
