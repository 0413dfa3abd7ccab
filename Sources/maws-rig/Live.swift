import ArgumentParser
import Foundation
import MawsFiles
import MawsLive
import MawsProcess

/// `maws-rig live`: a plan by real processes, under faults.
struct Live: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Run a plan by real processes under faults, and compare every bit with an undisturbed run.",
        discussion: """
            Faults come from --schedule, from --random with a seed, or are each kind once (--matrix). Only processes, \
            links and files that the rig made are touched. Writes record.json and report.html into --output, and exits \
            with 1 unless the run ends with the bits of the undisturbed one and no committed step was lost. \
            docs/faults.md describes faults and schedules.
            """)

    @Option(help: "The plan.") var plan: String
    @Option(help: "Folder for both runs and the report; it must not exist, or be empty.") var output: String
    @Option(help: "Schedule of faults, a YAML file.") var schedule: String?
    @Option(parsing: .unconditional, help: "So many faults, drawn by --seed.") var random: Int?
    @Flag(help: "Each kind of fault of each role once.") var matrix = false
    @Option(parsing: .unconditional, help: "Seed of the faults.") var seed: UInt64 = 1
    @Option(help: "With --random: only these kinds, separated by commas.") var kinds: String?
    @Option(parsing: .unconditional, help: "With --random: steps that are committed between two faults, at most.")
    var between = 20
    @Option(parsing: .unconditional, help: "With --random: a fault every so many seconds, instead of by steps.")
    var every: Double?
    @Option(
        parsing: .unconditional,
        help: "Seconds that a fault lasts: each one of --matrix; with --random at most, and at most 12 commits.")
    var seconds = 3.0
    @Option(parsing: .unconditional, help: "Servers, in place of the plan's.") var servers: Int?
    @Option(parsing: .unconditional, help: "Trainers, in place of the plan's.") var trainers: Int?
    @Option(parsing: .unconditional, help: "Seconds without a commit after which the run counts as stuck.")
    var stall = 120.0
    @Option(help: "Folder that the plan's data paths are relative to.") var dataRoot = "."

    func validate() throws {
        let sources = [schedule != nil, random != nil, matrix].count { $0 }
        guard sources == 1 else { throw ValidationError("Give one of --schedule, --random and --matrix.") }
        guard (1...1_000_000).contains(random ?? 1) else { throw ValidationError("--random is 1 to 1000000.") }
        guard kinds == nil || random != nil else { throw ValidationError("--kinds goes with --random.") }
        guard between > 0 else { throw ValidationError("--between is at least 1.") }
        for (name, value) in [("seconds", seconds), ("stall", stall), ("every", every ?? 1)] {
            guard value > 0, value <= 3600 else { throw ValidationError("--\(name) is above 0 and at most 3600.") }
        }
    }

    func run() throws {
        guard (try? Folder.names(in: output))?.isEmpty ?? true else {
            throw LiveError.unusable("\(output) is not empty: the rig mixes with nothing that others made.")
        }
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let folder = URL(fileURLWithPath: output).standardizedFileURL.path
        var options = LiveOptions(
            plan: plan, faults: try faults(), seed: seed, folder: folder, programs: programs.path)
        (options.servers, options.trainers, options.stallSeconds) = (servers, trainers, stall)
        options.dataRoot = dataRoot
        let record = try LiveRun.record(options, say: { Console.say($0) })
        try write(record, to: folder)
        tell(record, folder)
        if !record.isWhole { throw ExitCode(1) }
    }

    private func faults() throws -> LiveOptions.Faults {
        if let schedule { return .schedule(path: schedule) }
        guard let random else { return .matrix(seconds: seconds) }
        let names = kinds?.split(separator: ",").map(String.init) ?? FaultKind.allCases.map(\.rawValue)
        let chosen = try names.map { name in
            guard let kind = FaultKind(rawValue: name) else {
                throw ValidationError(
                    "there is no fault \(name); there are \(FaultKind.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            return kind
        }
        return .random(
            count: random, kinds: chosen, secondsMax: seconds, every.map { .seconds($0) } ?? .commits(between))
    }

    private func write(_ record: LiveRecord, to folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try AtomicFile.write([UInt8](encoder.encode(record)) + [UInt8(ascii: "\n")], to: folder + "/record.json")
        try AtomicFile.write(LivePage(record).html, to: folder + "/report.html")
    }

    private func tell(_ record: LiveRecord, _ folder: String) {
        for problem in record.problems { Console.say("differs: \(problem)") }
        for end in record.processes.flatMap(\.ends) { Console.say("note: \(end)") }
        let survived = record.isWhole ? record.faults.count : 0
        let wanted = record.faults.count + record.missed
        let worst = record.faults.map(\.stalledSeconds).max() ?? 0
        Console.say("figure=live-faults-survived value=\(survived) unit=faults goal=\(wanted)")
        Console.say("figure=live-commits-lost value=\(record.lostCommits) unit=steps goal=0")
        Console.say("figure=live-steps-recomputed value=\(record.recomputedSteps) unit=steps")
        Console.say("figure=live-longest-stall value=\(String(format: "%.2f", worst)) unit=s")
        for (kind, role) in [(FaultKind.kill, "server"), (.kill, "coordinator"), (.kill, "trainer")] {
            let faults = record.faults.filter { $0.kind == kind && $0.role == role }
            guard let worst = faults.map(\.recoverySeconds).max() else { continue }
            let seconds = String(format: "%.2f", worst)
            Console.say("figure=live-\(role)-killed-recovery value=\(seconds) unit=s count=\(faults.count)")
        }
        Console.say(
            "figure=live-productive-share value=\(String(format: "%.4f", record.productiveShare)) unit=share goal=0.97")
        Console.say("report: \(folder)/report.html")
    }
}
