import ArgumentParser
import MawsData
import MawsKernels
import MawsPlan

/// Checks and shows plan files without starting anything.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Check a plan, or show it with every default filled in.",
        subcommands: [PlanCheck.self, PlanShow.self])
}

/// The plan file and what replaces its fields, as `maws-coord start` takes them too.
struct PlanSource: ParsableArguments {
    @Argument(help: ArgumentHelp("The plan. Paths in it are relative to this folder.", valueName: "file"))
    var path: String

    @Option(help: "Seed in place of the plan's.") var seed: UInt64?
    @Option(help: "Run folder in place of the plan's.") var run: String?

    func load() throws -> Plan {
        try PlanLoader.load(
            path: path, overrides: PlanOverrides(seed: seed, run: run),
            precision: { _ in ComputeBackend.multipliesHalf ? .bf16 : .fp32 },
            tokenizerSize: { try Tokenizer(model: $0, context: TextModelPlan.defaultContext).vocabularySize })
    }
}

struct PlanShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the plan with every preset and default filled in.")

    @OptionGroup var source: PlanSource

    func run() throws { print(try source.load().yaml(), terminator: "") }
}

struct PlanCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check every field of a plan and print what each stage costs.",
        discussion: "Exits with 1 and one sentence with file, line and field when the plan has a fault.")

    @OptionGroup var source: PlanSource

    func run() throws {
        let plan = try source.load()
        var samples: [String: Int] = [:]
        for split in try PlanData(plan: plan, root: ".").splits { samples[split.name] = split.sampleCount }
        print(PlanSummary(plan: plan, samples: samples).text())
        print("\(source.path) is a valid plan.")
    }
}
