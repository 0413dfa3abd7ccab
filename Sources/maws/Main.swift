import ArgumentParser
import MawsProcess

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws", abstract: "Work with data, plans, checkpoints and reports of maws runs.",
        version: ProgramVersion.onDemand("maws"),
        subcommands: [DataCommand.self, PlanCommand.self, ModelCommand.self, Report.self])

    static func main() { runProgram() }
}
