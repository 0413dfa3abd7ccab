import ArgumentParser
import MawsReport

/// Writes a run's report again from its records and prints its table.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write RUN/report.html again and print the result table.")

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run")) var folder: String

    func run() throws {
        let path = try HTMLReport.write(runFolder: folder)
        print(ResultTable.draw(try RunFolder(folder).stages()))
        print("\nReport: \(path)")
    }
}
