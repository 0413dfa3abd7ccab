import ArgumentParser
import MawsBase
import MawsKernels
import MawsModel

/// Measures what a trainer computes, without network or data: one line a figure, `figure=… value=… unit=…`.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws-bench", abstract: "Measure the speed of the training stages' arithmetic on this machine.")

    @Option(help: "Compute threads.")
    var threads = 1

    @Option(help: "Samples of a unit.")
    var unit = 64

    @Option(help: "Seconds a figure is measured for.")
    var seconds = 3.0

    @Option(help: "Model preset, `vit_b16` for instance; the quickstart's model unless given.")
    var model: String?

    func run() throws {
        let backend = ReferenceBackend(threads: threads)
        print("profile=\(backend.profile)")
        guard let plans = BenchPlan(preset: model, unit: unit) else {
            throw ValidationError("there is no model preset named `\(model ?? "")`")
        }
        for figure in Figure.all(plans, backend) {
            let rate = try measure(figure)
            print("figure=\(figure.name) value=\(Int(rate.rounded())) unit=images/s")
        }
    }

    /// Images a second, after one unmeasured unit that makes the workspaces.
    private func measure(_ figure: Figure) throws -> Double {
        try figure.compute()
        let start = Moment.now()
        var units = 0
        while Moment.now().seconds(since: start) < seconds {
            try figure.compute()
            units += 1
        }
        return Double(units * unit) / Moment.now().seconds(since: start)
    }
}
