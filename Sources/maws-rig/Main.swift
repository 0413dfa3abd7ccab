import ArgumentParser
import MawsProcess

/// Breaks runs on purpose: the protocol's cores in a world of one seed.
@main
struct Rig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws-rig", abstract: "Break runs on purpose and hold what comes of it against the truth.",
        version: ProgramVersion.onDemand("maws-rig"),
        subcommands: [Simulate.self, Mutations.self, Live.self, Scale.self])

    static func main() { runProgram() }
}
