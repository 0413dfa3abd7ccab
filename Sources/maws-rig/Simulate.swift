import ArgumentParser
import MawsBase
import MawsProcess
import MawsRig

/// `maws-rig sim`: worlds of one seed each.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "Run the protocol's cores in simulated worlds.")

    @Option(help: "The world's seed.") var seed: UInt64 = 1

    func run() throws { Console.say("seed=\(seed) events=\(Simulation(seed: seed).run())") }
}
