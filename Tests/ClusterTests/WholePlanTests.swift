import Foundation
import MawsRecords
import MawsTraining
import Testing

@Suite(.serialized) struct WholePlanTests {
    @Test func planRunsFromMAEToZeroShotAndLeavesItsRecords() throws {
        var run = try ClusterRun()
        run.evaluates = true
        let program = try run.program()
        #expect(try program.run() == 0, "\(program.output) \(run.logs())")
        let stages = try RunFolder(run.runFolder).stages()
        #expect(stages.map(\.stage) == ["mae", "wsp", "lit", "linear", "zeroshot"])
        let linear = try #require(stages.first { $0.stage == "linear" }?.accuracy)
        let zeroShot = try #require(stages.first { $0.stage == "zeroshot" }?.accuracy)
        // Even untrained features separate garments; three steps of LiT need not beat chance.
        #expect(linear > 0.5)
        #expect(zeroShot >= 0 && zeroShot <= 1)
        let evaluations = try RunFolder(run.runFolder).classifications()
        #expect(evaluations.allSatisfy { $0.samples.count == 5000 && Set($0.samples.map(\.key)).count == 5000 })
        #expect(evaluations.first?.fit?.converged == true && evaluations.first?.fit?.weightsHash != nil)
        let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("linear: fitted in ") && log.contains("iterations"))
        let report = try String(contentsOfFile: run.runFolder + "/report.html", encoding: .utf8)
        #expect(report.contains("<svg") && !report.contains("src=\"http"))
        for name in [
            "plan.yaml", "metrics.jsonl", "checkpoints/latest", "logs/trainer-0.log", "results/linear.safetensors",
            "results/linear.predictions.jsonl", "results/zeroshot.predictions.jsonl",
        ] {
            #expect(FileManager.default.fileExists(atPath: run.runFolder + "/" + name), "\(name)")
        }
        #expect(program.output.contains("zeroshot") && program.output.contains("report.html"))
    }

    /// The tables of positions that mae leaves are computed anew for wsp's grid, and those that wsp learned are
    /// interpolated for lit's, to the same bits on every machine.
    @Test func stagesAtOtherImageSizesStartFromEachOther() throws {
        var run = try ClusterRun()
        run.wspFields = "image_size: 42, learning_rate: 0.001"
        run.litFields = "image_size: 21, steps: 3, batch: 80, unit: 16"
        let hashes = try run.finish()
        #expect(Set(hashes.keys) == ["mae", "wsp", "lit"])
        var other = try ClusterRun()
        (other.wspFields, other.litFields, other.servers, other.trainers) = (run.wspFields, run.litFields, 1, 1)
        #expect(try other.finish() == hashes)
    }

    @Test func finishedRunShowsItsResultAgainWithoutComputingAnything() throws {
        let run = try ClusterRun()
        let hashes = try run.finish()
        let again = try run.program()
        #expect(try again.run() == 0)
        #expect(again.output.contains("lit") && again.output.contains("report.html"))
        #expect(try run.hashes() == hashes)
        #expect(run.committedSteps() == 10)
    }

    @Test func metricsAreTheSameBitsForAnyCluster() throws {
        var losses: [[Double]] = []
        for (trainers, servers) in [(1, 1), (3, 2)] {
            var run = try ClusterRun()
            run.trainers = trainers
            run.servers = servers
            _ = try run.finish()
            let metrics = try RunFolder(run.runFolder).metrics()
            losses.append(metrics.map(\.loss) + metrics.map(\.gradientNorm))
        }
        #expect(losses[0] == losses[1])
    }
}
