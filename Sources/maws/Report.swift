import ArgumentParser
import Foundation
import MawsBase
import MawsFiles
import MawsProcess
import MawsRecords
import MawsReport

/// Writes a run's report again from its records and prints its table.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write RUN/report.html again and print the result table.")

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run")) var folder: String

    @Option(help: ArgumentHelp("Draw this run's losses over RUN's, and say how far apart they are.", valueName: "run"))
    var against: String?

    @Option(
        help: ArgumentHelp(
            "Folder that the plan's data paths are relative to, where it is not the one that the run was started with.",
            valueName: "folder"))
    var dataRoot: String?

    @Flag(help: "Print the distances of the losses as JSON, and nothing else.") var json = false

    func validate() throws {
        if json && against == nil { throw ValidationError("--json prints what --against compares; name the other run") }
    }

    func run() throws {
        // The report is read by those who may read the run.
        if let mode = try? Folder.mode(of: "\(folder)/plan.yaml") {
            umask(RunAccess(fileMode: mode).withheldBits)
        }
        let report = try HTMLReport.write(runFolder: folder, root: dataRoot, against: against)
        let comparison = try against.map { try RunComparison(folder: folder, other: $0) }
        if json, let comparison {
            return Console.say(
                json: String(decoding: try JSONEncoder().encode(comparison.distances), as: UTF8.self))
        }
        Console.say(ResultTable.draw(try RunFolder(folder).stages()))
        if let comparison { Console.say("\n\(comparison.draw())") }
        Console.say("\n\(report.description)")
    }
}
