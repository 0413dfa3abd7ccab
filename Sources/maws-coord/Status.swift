import ArgumentParser
import Foundation
import MawsProcess
import MawsReport

/// Shows once what a running cluster does and who it waits for.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a run is doing, every peer, and who everybody waits for.")

    @OptionGroup var viewer: ViewerOptions

    @Flag(help: "Print JSON, whose keys docs/status.md describes.")
    var json = false

    func run() throws {
        if let finished = viewer.finishedRun {
            return json ? Console.say(json: try Self.text(["isFinished": true])) : Console.say(finished)
        }
        let connection = try Viewer(viewer)
        defer { connection.close() }
        let snapshot = try connection.status()
        if json { return Console.say(json: try Self.text(snapshot)) }
        Console.say(StatusTable.draw(snapshot))
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
