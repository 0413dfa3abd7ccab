import ArgumentParser
import MawsProcess
import MawsRig

/// `maws-rig mutations`: mistakes on purpose, and how many seeds it takes to find each.
struct Mutations: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutations", abstract: "Make each of a list of mistakes and count the seeds until it is found.")

    @Option(help: "Seeds at most for each.") var seedsMax: UInt64 = 2000
    @Option(help: "Worlds at one time.") var jobs = 1
    @Option(help: "Only this one.") var only: String?
    @Flag(help: "Only name them.") var list = false

    func run() throws {
        let mutations = Mutation.allCases.filter { only == nil || $0.rawValue == only }
        guard !mutations.isEmpty else { throw ValidationError("there is no mutation \(only ?? "")") }
        var missed = 0
        for mutation in mutations {
            guard !list else {
                Console.say(mutation.rawValue)
                continue
            }
            guard let outcome = first(mutation), let finding = outcome.finding else {
                missed += 1
                Console.say("\(mutation.rawValue)\tnot found in \(seedsMax) seeds")
                continue
            }
            Console.say("\(mutation.rawValue)\t\(outcome.seed)\t\(finding.kind.rawValue)\t\(finding.text)")
        }
        if missed > 0 { throw ExitCode(1) }
    }

    /// Worlds one after the other, up to the first in which something is found.
    private func first(_ mutation: Mutation) -> Simulation.Outcome? {
        var found: Simulation.Outcome?
        var begin: UInt64 = 1
        while found == nil, begin <= seedsMax {
            let end = min(seedsMax, begin + UInt64(4 * jobs) - 1)
            SeedRun(mutation: mutation, jobs: jobs).each(begin...end) { outcome in
                guard found == nil, outcome.finding != nil else { return }
                // What is found without the mistake, too, is not found for it.
                if Simulation(seed: outcome.seed).run().finding == nil { found = outcome }
            }
            begin = end + 1
        }
        return found
    }
}
