import ArgumentParser

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws", abstract: "Work with data, plans and reports of maws runs.",
        subcommands: [DataCommand.self, PlanCommand.self, Report.self])
}
