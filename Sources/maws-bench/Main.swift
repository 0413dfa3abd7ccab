import ArgumentParser
import MawsProcess

/// Measures what a trainer computes, without network: one line a figure, `figure=… value=… unit=…`.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws-bench", abstract: "Measure the speed of a run's parts on this machine.",
        version: ProgramVersion.onDemand("maws-bench"),
        subcommands: [Steps.self, UpdateRate.self, DataRate.self, LoadRate.self, OrderQuality.self],
        defaultSubcommand: Steps.self)

    static func main() { runProgram() }
}
