import ArgumentParser
import MawsBase
import MawsProcess
import MawsRig

/// `maws-rig sim`: worlds of one seed each.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "Run the protocol's cores in simulated worlds, each a function of its seed.")

    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "How many seeds, from the first on.") var count: UInt64 = 1
    @Flag(help: "Print the trace of each.") var trace = false

    func run() throws {
        let start = Moment.now()
        var (events, seconds, failed) = (0, 0.0, 0)
        for seed in seed..<seed + count {
            let simulation = Simulation(seed: seed, linesMax: trace ? 100_000 : 0)
            let outcome = simulation.run()
            (events, seconds) = (events + outcome.eventCount, seconds + outcome.seconds)
            for line in outcome.lines { Console.say(line) }
            if let finding = outcome.finding {
                failed += 1
                Console.say("seed \(seed): \(finding.kind.rawValue): \(finding.text)")
            }
            if trace { Console.say("seed \(seed): hash \(outcome.traceHash), \(outcome.eventCount) events") }
        }
        let real = Moment.now().seconds(since: start)
        Console.say("figure=sim-seeds value=\(Int(60 * Double(count) / real)) unit=seeds/minute")
        Console.say("figure=sim-speed value=\(Int(seconds / real)) unit=times-real-time")
        Console.say("figure=sim-events value=\(Int(Double(events) / real)) unit=events/s")
        if failed > 0 { throw ExitCode(1) }
    }
}
