import ArgumentParser
import MawsProcess

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws-coord",
        abstract: "Runs a plan: decides steps, keeps checkpoints, shows progress.",
        version: ProgramVersion.onDemand("maws-coord"),
        subcommands: [Start.self, Status.self, Watch.self, Certs.self])

    static func main() { runProgram() }
}
