import ArgumentParser
import Foundation
import MawsBase
import MawsKernels
import MawsPlan
import MawsProcess
import MawsTensor

/// Training steps on random data: forward, backward and update.
struct Steps: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Training steps of each stage on random data: forward, backward and update.")

    @Option(help: "Compute threads.")
    var threads = 1

    @Option(help: "Samples of a unit.")
    var unit = 64

    @Option(help: "Units of a step, whose gradients are added up before the update; `mae` and `wsp` only.")
    var units = 1

    @Option(help: "Samples that `mae` and `wsp` compute at a time, `micro_batch` of a plan; the unit unless given.")
    var microBatch: Int?

    @Option(help: "Images that the decoder of `mae` computes at a time; as the encoder unless given.")
    var decoderMicroBatch: Int?

    @Flag(help: "Prepare weights for products each time that a block is used, in the memory of one block.")
    var preparesAgain = false

    @Option(help: "Seconds a figure is measured for, after one step that makes the buffers.")
    var seconds = 3.0

    @Option(help: "Model preset, `vit_b16` for instance; the quickstart's model unless given.")
    var model: String?

    @Option(help: "Matrix products: `reference` or `onednn`.")
    var compute = ComputeBackend.fastestKind

    @Option(help: "`fp32` or `bf16`.")
    var precision = Precision.fp32

    @Option(help: "Figures, separated by commas, of mae, wsp, lit, lit-cached and features.")
    var figures = Figure.names.joined(separator: ",")

    func run() throws {
        let plans = BenchPlan(
            preset: model, unit: unit, units: units, microBatch: microBatch, decoderMicroBatch: decoderMicroBatch)
        guard let plans else { throw ValidationError("there is no model preset named `\(model ?? "")`") }
        let backend = try makeBackend()
        Console.say("profile=\(backend.profile); threads \(threads)")
        let (rate, peak) = (backend.productRate(now: Moment.now), libraryRate())
        Console.say(
            "figure=gemm-\(precision.rawValue) value=\(rounded(rate / 1e9)) unit=GFLOP/s peer=\(rounded(peak / 1e9)) "
                + "ratio=\(rounded(rate / peak))")
        for name in figures.split(separator: ",").map(String.init) {
            guard let figure = Figure.named(name, plans, backend, keepsPackedWeights: !preparesAgain) else {
                throw ValidationError("--figures: there is no figure `\(name)`; there are \(Figure.names)")
            }
            try report(figure, peak: peak)
        }
        Console.say("figure=peak-resident-\(precision.rawValue) value=\(peakResidentBytes() >> 20) unit=MiB")
    }

    private func makeBackend() throws -> ComputeBackend {
        let operands: ElementType = precision == .bf16 ? .bfloat16 : .float32
        guard let backend = ComputeBackend.make(compute, threads: threads, operands: operands) else {
            throw ValidationError("--compute \(compute.rawValue) has no --precision \(precision.rawValue)")
        }
        return backend
    }

    /// What oneDNN's products reach, the measure of a step.
    private func libraryRate() -> Double {
        let operands: ElementType = precision == .bf16 ? .bfloat16 : .float32
        return ComputeBackend.oneDNNAlone(threads: threads, operands: operands).productRate(now: Moment.now)
    }

    private func report(_ figure: Figure, peak: Double) throws {
        let before = FloatBuffer.liveByteCount
        try figure.compute()
        let unitBytes = FloatBuffer.liveByteCount - before
        let made = FloatBuffer.allocationCount
        let start = Moment.now()
        var steps = 0
        while Moment.now().seconds(since: start) < seconds {
            try figure.compute()
            steps += 1
        }
        let rate = Double(steps * figure.samples) / Moment.now().seconds(since: start)
        let name = "\(figure.name)-\(model ?? "quickstart")-\(precision.rawValue)"
        Console.say("figure=\(name) value=\(rounded(rate)) unit=images/s")
        Console.say("figure=\(name)-share-of-gemm value=\(rounded(rate * figure.operations / peak)) unit=1")
        if let predicted = figure.predictedBytes {
            Console.say(
                "figure=\(name)-unit-memory value=\(unitBytes >> 20) unit=MiB predicted=\(predicted >> 20) "
                    + "ratio=\(rounded(Double(predicted) / Double(unitBytes)))")
        }
        Console.say("figure=\(name)-buffers-made value=\(FloatBuffer.allocationCount - made) unit=1")
    }

    private func peakResidentBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }

    private func rounded(_ value: Double) -> String {
        value < 10 ? String(format: "%.3f", value) : String(Int(value.rounded()))
    }
}

extension ComputeKind: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
