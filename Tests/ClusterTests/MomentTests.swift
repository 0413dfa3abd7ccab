import Foundation
import MawsRecords
import Testing

/// Runs long enough to learn something, whose servers keep moments in fewer bits.
@Suite(.serialized) struct MomentTests {
    /// The paper trains with moments of full precision; those of fewer bits must cost hardly any loss. Two runs of
    /// fp32 that differ in their seed only end further apart than this.
    private static let lossToleranceShare = 0.01
    private static let steps = 60

    /// The undisturbed run of full precision.
    private static let fullPrecision = Result { try finished("fp32") }

    @Test(arguments: ["bf16", "int8"]) func runWithFewerBitsConvergesAndKeepsItsBitsThroughDeathsAndCuts(
        moments: String
    ) throws {
        let undisturbed = try Self.finished(moments)
        let full = try Self.fullPrecision.get()
        #expect(undisturbed.hashes != full.hashes)
        let share = undisturbed.loss / full.loss - 1
        print("figure=mae-loss-\(moments) value=\(undisturbed.loss) fp32=\(full.loss) difference=\(share)")
        #expect(abs(share) < Self.lossToleranceShare)
        #expect(undisturbed.optimizerBytes < full.optimizerBytes * (moments == "bf16" ? 55 : 35) / 100)

        var run = try Self.run(moments, servers: 3)
        let program = try run.program()
        try program.start()
        for steps in [3, 11] {
            try run.wait(forSteps: steps, of: program)
            program.children("maws-ps").randomElement().map { _ = kill($0, SIGKILL) }
        }
        try run.wait(forSteps: 20, of: program)
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130, "\(program.output) \(run.logs())")
        run.servers = 2
        #expect(try run.finish() == undisturbed.hashes)
        #expect(try run.stepsComputedTwice().isEmpty)
    }

    private struct Finished {
        var hashes: [String: String]
        /// Mean of the last ten steps of the mae stage.
        var loss: Double
        var optimizerBytes: Int
    }

    private static func run(_ moments: String, servers: Int) throws -> ClusterRun {
        var run = try ClusterRun()
        (run.servers, run.moments, run.maeSteps, run.checkpointSteps) = (servers, moments, steps, 1000)
        return run
    }

    private static func finished(_ moments: String) throws -> Finished {
        let run = try run(moments, servers: 1)
        let hashes = try run.finish()
        let losses = try RunFolder(run.runFolder).metrics().filter { $0.stage == "mae" }.map(\.loss).suffix(10)
        let file = "\(run.runFolder)/checkpoints/mae-\(steps)/optimizer.safetensors"
        let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
        return Finished(hashes: hashes, loss: losses.reduce(0, +) / 10, optimizerBytes: size ?? 0)
    }
}
