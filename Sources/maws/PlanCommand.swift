import ArgumentParser
import Foundation
import MawsData
import MawsForecast
import MawsKernels
import MawsPlan
import MawsProcess
import MawsRecords
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
    @Argument(
        help: ArgumentHelp("The plan. Paths in it are relative to this folder, or to --data-root.", valueName: "file"))
    var path: String

    @Option(parsing: .unconditional, help: "Seed in place of the plan's.") var seed: UInt64?
    @Option(help: "Run folder in place of the plan's.") var run: String?
    @Option(help: ArgumentHelp("Folder that the plan's data paths are relative to.", valueName: "folder"))
    var dataRoot = "."

    func load() throws -> Plan {
        try PlanLoader.load(
            path: path, root: dataRoot, overrides: PlanOverrides(seed: seed, run: run),
            precision: { run in
                EarlierRun.plan(in: run)?.precision
                    ?? (ComputeFallback.fastestOperands(on: .present) == .bfloat16 ? .bf16 : .fp32)
            },
            tokenizerSize: { try Tokenizer(model: $0, context: TextModelPlan.defaultContext).vocabularySize })
    }
}

struct PlanShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the plan with every preset and default filled in.")

    @OptionGroup var source: PlanSource

    func run() throws { Console.draw(try source.load().yaml()) }
}

struct PlanCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check every field of a plan and print what each stage costs.",
        discussion: """
            Exits with 1 and a sentence with file, line and field for every fault of the plan, or with the bytes and \
            the setting that would do when a stage does not fit the memory given. What the plan alone tells is printed \
            at once; then units of its stages are timed, and standard error says which.
            """)

    @OptionGroup var source: PlanSource
    @Flag(help: "Print what is foreseen of each stage as JSON, and nothing else.") var json = false
    @Option(
        help: ArgumentHelp("Bits a second of each machine's network, 1G or 100M for instance.", valueName: "rate"),
        transform: Self.network)
    var bandwidth: ForecastNetwork?

    func run() throws {
        let plan = try source.load()
        let inspection = PlanInspection(plan: plan, root: source.dataRoot)
        let faults =
            inspection.faults + EarlierRun.faults(of: plan) + MemoryCheck.faults(plan: plan)
            + ProfileCheck.faults(plan: plan)
        for warning in inspection.survey?.warnings ?? [] { note(plan.located(warning.field, warning.sentence)) }
        guard faults.isEmpty, let data = inspection.data else { throw PlanDataFaults(sentences: faults) }
        let disk = DiskForecast(plan: plan)
        if !json { Console.say(PlanSummary(plan: plan, data: data, disk: disk).text(), terminator: "") }
        if !json, let survey = inspection.survey { Console.say(SampleTable.draw(survey) + "\n") }
        for sentence in data.notes { note(sentence) }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let threads = plan.cluster.trainers * plan.cluster.threads
        if plan.cluster.isLocal && threads > cores {
            note("the trainers have \(threads) threads together, this machine \(cores) cores: they wait for each other")
        }
        note("timing this machine: products, a connection, a sum, a commit")
        let machine = ForecastMachine(measuredFor: plan, cores: cores)
        let operands: ElementType = plan.precision == .bf16 ? .bfloat16 : .float32
        for notice in ComputeFallback.notices(machine.compute, operands, on: .present) { note(notice) }
        let forecasts = try plan.stages.enumerated().map { index, stage in
            note("timing units of stage \(stage.name) (\(index + 1) of \(plan.stages.count))")
            return try forecast(stage, plan, data, machine)
        }
        for forecast in forecasts {
            if let sentence = forecast.lackOfMemory(plan.cluster, freeBytes: machine.freeBytes) { note(sentence) }
        }
        if json { return Console.say(json: String(decoding: try Self.encoder.encode(forecasts), as: UTF8.self)) }
        let table = ForecastTable(forecasts: forecasts, machine: machine, isLocal: plan.cluster.isLocal)
        let totals = RunTotals(run: RunForecast(stages: forecasts), disk: disk, network: bandwidth != nil)
        Console.say(table.text() + totals.text() + "\(source.path) is a valid plan.")
    }

    private func forecast(
        _ stage: StagePlan, _ plan: Plan, _ data: PlanData, _ machine: ForecastMachine
    ) throws -> StageForecast {
        if let fault = StageSample.fault(stage, in: plan, freeBytes: machine.freeBytes) { throw CleanFailure(fault) }
        let samples = data.sampleCount(stage.on, for: stage)
        let evaluated = samples + (stage.needs.trainSplit.map { data.sampleCount($0, for: stage) } ?? 0)
        return try StageForecast(
            plan: plan, stage: stage, images: stage.trains ? stage.batch : evaluated,
            steps: stage.trains ? stage.stepCount(samples: samples) : 0,
            sample: StageSample(plan: plan, stage: stage, root: source.dataRoot), machine: machine, network: bandwidth)
    }

    private static func network(_ text: String) throws -> ForecastNetwork {
        guard let network = ForecastNetwork(text: text) else {
            throw ValidationError("expected bits a second with their unit, such as 1G or 100M")
        }
        return network
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return encoder
    }

    private func note(_ sentence: String) {
        Console.tell("note: \(sentence)")
    }
}
