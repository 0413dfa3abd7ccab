import ArgumentParser
import MawsBase
import MawsProcess
import MawsRig

/// `maws-rig sim`: worlds of one seed each.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "Run the protocol's cores in simulated worlds, each a function of its seed.",
        discussion:
            "A world that comes to something untrue is printed with its seed and the fewest of its faults that are "
            + "enough for it; the exit code is 1 then.")

    @Option(help: "One seed.") var seed: UInt64?
    @Option(help: "Seeds, `1..1000` for instance.") var seeds = "1..100"
    @Option(help: "Worlds at one time.") var jobs = 1
    @Option(help: "A mistake that is made on purpose; `maws-rig mutations` lists them.") var mutation: String?
    @Option(help: "Which of the seed's faults happen, `0,2` for instance; with --seed.") var faults: String?
    @Flag(help: "Print what happens in each world.") var trace = false
    @Flag(help: "Print which states and ways of the cores were not seen.") var coverage = false

    func validate() throws {
        if jobs < 1 { throw ValidationError("--jobs takes a number from 1 on") }
        if let mutation, Mutation(rawValue: mutation) == nil {
            throw ValidationError(
                "there is no mutation \(mutation); `maws-rig mutations --list` names those that there are")
        }
        _ = try range()
    }

    func run() throws {
        let range = try range()
        let start = Moment.now()
        var sum = SeedSum()
        let run = SeedRun(
            mutation: mutation.flatMap(Mutation.init), keeping: try kept(), linesMax: trace ? 200_000 : 0, jobs: jobs)
        run.each(range) { outcome in
            sum.add(outcome)
            for line in outcome.lines { Console.say(line) }
            if trace { Console.say("seed \(outcome.seed): hash \(outcome.traceHash), \(outcome.eventCount) events") }
            if let finding = outcome.finding { tell(outcome.seed, finding) }
        }
        let seconds = Moment.now().seconds(since: start)
        for line in sum.lines(realSeconds: seconds, jobs: jobs) { Console.say(line) }
        if coverage { tell(sum.coverage) }
        if sum.failed > 0 { throw ExitCode(1) }
    }

    private func tell(_ seed: UInt64, _ finding: Finding) {
        Console.say("seed \(seed): \(finding.kind.rawValue): \(finding.text)")
        guard faults == nil else { return }
        let mutation = mutation.flatMap(Mutation.init)
        var shrinker = Shrinker(seed: seed, mutation: mutation)
        let kept = shrinker.shrink(finding.kind)
        let schedule = Simulation(seed: seed, mutation: mutation, keeping: Set(kept)).schedule
        for (number, line) in zip(kept, schedule) { Console.say("  fault \(number): \(line)") }
        let numbers = kept.map(String.init).joined(separator: ",")
        let own = mutation.map { " --mutation \($0.rawValue)" } ?? ""
        Console.say("  again: maws-rig sim --seed \(seed)\(own)\(kept.isEmpty ? "" : " --faults \(numbers)") --trace")
    }

    private func tell(_ count: CoverageCount) {
        for place in count.missing { Console.say("never reached: \(place)") }
        for place in count.unexpected { Console.say("not thought of: \(place)") }
        let share = Int(1000 * count.share)
        Console.say("figure=sim-coverage value=\(share / 10).\(share % 10) unit=% goal=95")
    }

    private func range() throws -> ClosedRange<UInt64> {
        if let seed { return seed...seed }
        let parts = seeds.split(separator: ".", omittingEmptySubsequences: true).compactMap { UInt64($0) }
        guard parts.count == 2, parts[0] <= parts[1] else {
            throw ValidationError("--seeds takes a range as 1..1000, and not \(seeds)")
        }
        return parts[0]...parts[1]
    }

    private func kept() throws -> Set<Int>? {
        guard let faults else { return nil }
        let numbers = faults.split(separator: ",").map { Int($0) }
        guard numbers.allSatisfy({ $0 != nil }) else {
            throw ValidationError("--faults takes numbers as 0,2, and not \(faults)")
        }
        return Set(numbers.compactMap { $0 })
    }
}
