import Foundation
import MawsBase
import MawsCheckpoint
import Testing

/// A run whose stages keep other slots than AdamW's moments: Nesterov's momentum in bf16, and averages.
@Suite(.serialized) struct SlotTests {
    @Test func anSGDStageWithAnAverageKeepsItsBitsThroughDeathsAndCuts() throws {
        let undisturbed = try Self.run(servers: 1)
        let hashes = try undisturbed.finish()
        let slots = try Self.slotHashes(undisturbed)
        #expect(slots.filter { $0.name.hasSuffix(".ema") }.count == slots.count / 2)
        #expect(slots.contains { $0.name.hasSuffix(".attn.qkv.weight.momentum_buffer") })

        var run = try Self.run(servers: 3)
        let program = try run.program()
        try program.start()
        for steps in [2, 5, 9] {
            try run.wait(forSteps: steps, of: program)
            program.children("maws-ps").randomElement().map { _ = kill($0, SIGKILL) }
        }
        try run.wait(forSteps: 13, of: program)
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130, "\(program.output) \(run.logs())")
        // Another cut of all slots, from the checkpoint.
        run.servers = 2
        #expect(try run.finish() == hashes)
        #expect(try Self.slotHashes(run) == slots)
    }

    @Test func aStageThatSaysSoStartsFromTheAverageOfAnother() throws {
        let run = try Self.run(servers: 2)
        _ = try run.finish()
        let store = try CheckpointStore(folder: run.runFolder + "/checkpoints")
        let (source, start) = (try store.open("mae-\(run.maeSteps)"), try store.open("wsp-0"))
        let name = "blocks.0.attn.qkv.weight"
        let (block, entry) = try #require(source.place(of: name))
        var average = [Float](repeating: 0, count: entry.count)
        try average.withUnsafeMutableBytes {
            try source.read(.slot("ema"), block: block, range: entry.range, into: $0)
        }
        #expect(try start.tensor(named: name)?.values == average)
        #expect(try source.tensor(named: name)?.values != average)
    }

    private static func run(servers: Int) throws -> ClusterRun {
        var run = try ClusterRun()
        (run.servers, run.moments, run.maeSteps, run.checkpointSteps) = (servers, "bf16", 16, 4)
        (run.wspSteps, run.keep) = (1, 9)
        run.maeFields =
            "learning_rate: 0.05, optimizer: {kind: sgd, momentum: 0.9, nesterov: true, weight_decay: 0.0005}, "
            + "ema: {decay: 0.9, warmup: true}"
        run.wspFields = "weights: ema, learning_rate: 0.001, ema: {decay: 0.5}"
        run.litFields = "steps: 1, batch: 80, unit: 16, weights: ema"
        return run
    }

    /// What the last checkpoint of the mae stage says of its slots.
    private static func slotHashes(_ run: ClusterRun) throws -> [CheckpointManifest.Tensor] {
        let store = try CheckpointStore(folder: run.runFolder + "/checkpoints")
        return try store.open("mae-\(run.maeSteps)").manifest.tensors.filter {
            $0.name.hasSuffix(".ema") || $0.name.hasSuffix(".momentum_buffer")
        }
    }
}
