import ArgumentParser
import Foundation
import MawsData
import MawsKernels
import MawsPlan
import MawsReport
import MawsTensor

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
            precision: { _ in ComputeFallback.fastestOperands(on: .present) == .bfloat16 ? .bf16 : .fp32 },
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
        discussion: """
            Exits with 1 and one sentence with file, line and field when the plan has a fault, or with the bytes and \
            the setting that would do when a stage does not fit the memory given.
            """)

    @OptionGroup var source: PlanSource
    @Flag(help: "Print what is foreseen of each stage as JSON, and nothing else.") var json = false

    func run() throws {
        let plan = try source.load()
        let data = try PlanData(plan: plan, root: ".")
        if !json { print(PlanSummary(plan: plan, data: data).text()) }
        let machine = ForecastMachine(measuredFor: plan, cores: ProcessInfo.processInfo.activeProcessorCount)
        let operands: ElementType = plan.precision == .bf16 ? .bfloat16 : .float32
        for notice in ComputeFallback.notices(machine.compute, operands, on: .present) { warn(notice) }
        let forecasts = try plan.stages.map { stage in
            let evaluated = [stage.on, stage.fitOn].compactMap(\.self).reduce(0) {
                $0 + data.sampleCount($1, for: stage)
            }
            return try StageForecast(
                plan: plan, stage: stage, images: stage.kind.trains ? stage.batch : evaluated,
                sample: StageSample(plan: plan, stage: stage, root: "."), machine: machine)
        }
        if json { return print(String(decoding: try Self.encoder.encode(forecasts), as: UTF8.self)) }
        print(ForecastTable(forecasts: forecasts, machine: machine, isLocal: plan.cluster.isLocal).text())
        print("\(source.path) is a valid plan.")
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return encoder
    }

    private func warn(_ sentence: String) {
        FileHandle.standardError.write(Data("note: \(sentence)\n".utf8))
    }
}
