import Foundation
import MawsRecords
import Testing

/// A run long enough to be disturbed in the midst of its first stage, undisturbed.
private let undisturbed: Result<[String: String], any Error> = Result { try CheckpointDamageTests.longRun().finish() }

/// Checkpoints, databases and records that are damaged or gone: the run ends with the bits of the undisturbed one and
/// says what it did, or does not start.
@Suite(.serialized) struct CheckpointDamageTests {
    static let keptStep = 20

    /// 24 steps of mae with a checkpoint after 20, 8 of wsp and 3 of lit.
    static func longRun(checkpointSteps: Int = keptStep) throws -> ClusterRun {
        var run = try ClusterRun()
        (run.maeSteps, run.wspSteps, run.checkpointSteps) = (24, 8, checkpointSteps)
        return run
    }

    @Test(arguments: ["weights", "optimizer"])
    func aDamagedCheckpointIsNotRestoredWhileTheCoordinatorLives(file: String) throws {
        let run = try Self.longRun()
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: Self.keptStep + 1, of: program)
        try run.loseAServer(of: program) { try run.flip("mae-\(Self.keptStep)/\(file).safetensors") }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        #expect(try run.hashes() == undisturbed.get())
        let log = try run.coordinatorLog()
        #expect(log.contains("cannot be restored from mae-20") && log.contains("mae-20/\(file).safetensors is damaged"))
        #expect(log.contains("goes back to checkpoint mae-0"))
        #expect(try run.checkpoints().contains("mae-20.damaged"))
    }

    @Test func theBeginningOfAStageIsMadeAgainWhereItsOnlyCheckpointIsDamaged() throws {
        let run = try Self.longRun(checkpointSteps: 1000)
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 3, of: program)
        try run.loseAServer(of: program) { try run.flip("mae-0/weights.safetensors") }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        #expect(try run.hashes() == undisturbed.get())
        #expect(try run.coordinatorLog().contains("no checkpoint of stage mae is whole: its beginning is made again"))
    }

    /// `linear` starts from wsp, after lit; wsp alone is computed again.
    @Test func aFinalCheckpointThatIsDamagedBeforeAStageWantsItIsMadeAgain() throws {
        var run = try Self.longRun()
        run.evaluates = true
        run.litFields = "steps: 12, batch: 80, unit: 16"
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 24 + 8 + 1, of: program)
        try run.whileTrainersStop(of: program) { try run.flip("wsp-8/weights.safetensors") }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        let hashes = try run.hashes()
        for stage in ["mae", "wsp"] { #expect(try hashes[stage] == undisturbed.get()[stage]) }
        #expect(try run.stageLines() == ["mae", "wsp", "lit", "linear", "zeroshot"])
        #expect(try run.stepsComputedTwice() == (0..<8).map { "wsp \($0)" })
        let log = try run.coordinatorLog()
        #expect(log.contains("stage linear cannot start from the final checkpoint of wsp"))
    }

    /// No later stage reads it, and nobody else would before somebody uses the weights.
    @Test func aFinalCheckpointThatIsDamagedAtTheEndOfTheRunIsFoundThen() throws {
        let run = try Self.longRun()
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 24 + 2, of: program)
        try run.whileTrainersStop(of: program) { try run.flip("mae-24/weights.safetensors") }
        #expect(try program.wait() != 0)
        #expect(program.output.contains("the final checkpoint of mae was damaged"), "\(program.output)")
        let log = try run.coordinatorLog()
        #expect(
            log.contains("checkpoint mae-24 cannot be used") && log.contains("mae-24/weights.safetensors is damaged"))
        #expect(try run.checkpoints().contains("mae-24.damaged") && run.stageLines() == ["wsp", "lit"])
        #expect(try run.finish() == undisturbed.get())
        #expect(try run.stageLines() == ["mae", "wsp", "lit"])
    }

    @Test(arguments: [["mae-24"], ["wsp-8"], ["mae-24", "lit-3"]])
    func aFinishedRunWhoseFinalCheckpointsAreDamagedMakesThemAgain(names: [String]) throws {
        let run = try Self.longRun()
        #expect(try run.finish() == undisturbed.get())
        for name in names { try run.flip("\(name)/weights.safetensors") }
        #expect(try run.finish() == undisturbed.get())
        let log = try run.coordinatorLog()
        for name in names { #expect(log.contains("\(name)/weights.safetensors is damaged")) }
        let first = try #require(names[0].split(separator: "-").first)
        #expect(log.contains("the run is finished when \(first) is computed again from step"))
        #expect(try run.stageLines() == ["mae", "wsp", "lit"])
    }

    @Test func aFinishedRunMakesDamagedResultsAgainAndLeavesRemovedCheckpointsToTheirOwner() throws {
        var run = try ClusterRun()
        run.evaluates = true
        let hashes = try run.finish()
        let path = run.runFolder + "/results/linear.predictions.jsonl"
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        try good.prefix(good.count / 2).write(to: URL(fileURLWithPath: path))
        #expect(try run.finish() == hashes)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == good)
        #expect(try run.stageLines() == ["mae", "wsp", "lit", "linear", "zeroshot"])
        #expect(try run.coordinatorLog().contains("the result of linear was damaged and is set aside"))
        try FileManager.default.removeItem(atPath: run.runFolder + "/checkpoints")
        try good.prefix(good.count / 2).write(to: URL(fileURLWithPath: path))
        #expect(try run.finish() == hashes)
        let log = try run.coordinatorLog()
        #expect(log.contains("none of the run's final checkpoints is there any more to be read: mae-"))
        #expect(log.contains("stage linear is not evaluated again: the final checkpoint of"))
    }

    @Test func aFolderInPlaceOfAManifestIsDamageLikeOther() throws {
        let run = try Self.longRun()
        #expect(try run.finish() == undisturbed.get())
        let manifest = run.runFolder + "/checkpoints/mae-24/manifest.json"
        try FileManager.default.removeItem(atPath: manifest)
        try FileManager.default.createDirectory(atPath: manifest, withIntermediateDirectories: false)
        #expect(try run.finish() == undisturbed.get())
        #expect(try run.checkpoints().contains("mae-24.damaged"))
    }

    @Test func serversStatesAreUsedWhereNoCheckpointOfTheStageIsWhole() throws {
        let run = try killed(Self.longRun(checkpointSteps: 1000), after: 25)
        let stage = try run.damageNewestStage()
        #expect(try run.finish() == undisturbed.get())
        #expect(try run.stepsComputedTwice().isEmpty)
        #expect(try run.coordinatorLog().contains("no checkpoint of stage \(stage) is whole"))
    }

    @Test func onlyTheStageUnderWayIsComputedAgainWhereItsCheckpointsAndTheStatesAreGone() throws {
        let run = try killed(Self.longRun(checkpointSteps: 1000), after: 25)
        let stage = try run.damageNewestStage()
        try FileManager.default.removeItem(atPath: run.runFolder + "/state")
        #expect(try run.finish() == undisturbed.get())
        #expect(try run.stepsComputedTwice().allSatisfy { $0.hasPrefix(stage) })
        #expect(try run.coordinatorLog().contains("goes back to checkpoint \(stage)-0"))
    }

    /// As somebody might copy it there: it has the right name and size, and other weights.
    @Test func aCheckpointOfAnotherRunIsNotUsed() throws {
        let run = try killed(Self.longRun(), after: Self.keptStep + 1)
        let other = try killed(Self.longRun(), after: Self.keptStep + 1, seed: 8)
        let name = "/checkpoints/mae-\(Self.keptStep)"
        try FileManager.default.removeItem(atPath: run.runFolder + name)
        try FileManager.default.copyItem(atPath: other.runFolder + name, toPath: run.runFolder + name)
        try FileManager.default.removeItem(atPath: run.runFolder + "/state")
        #expect(try run.finish() == undisturbed.get())
        #expect(try run.coordinatorLog().contains("it belongs to run "))
    }

    @Test(arguments: [DatabaseLoss.deleted, .withoutLog, .halved, .restored])
    func aLostDatabaseIsMadeAgainFromTheNewestCheckpoint(loss: DatabaseLoss) throws {
        let run = try Self.longRun()
        let early = loss == .restored ? try run.copyOfDatabase(afterSteps: 2) : nil
        let killed = try killed(run, after: Self.keptStep + 1)
        let before = try run.metricsLines().prefix(Self.keptStep)
        try loss.happens(to: run.runFolder + "/coordinator.sqlite", early)
        #expect(try killed.finish() == undisturbed.get())
        // A line has the seconds that its step took: the same line is of the same computation.
        #expect(try run.metricsLines().prefix(Self.keptStep) == before)
        #expect(try RunFolder(run.runFolder).metrics().count == 35)
        #expect(try run.stageLines() == ["mae", "wsp", "lit"])
        #expect(try run.coordinatorLog().contains("goes on from checkpoint mae-20") || loss == .withoutLog)
    }

    @Test func aRunWithoutDatabaseAndWholeCheckpointIsNotBegunAgainOnTopOfItself() throws {
        let run = try killed(Self.longRun(checkpointSteps: 1000), after: 3)
        try DatabaseLoss.deleted.happens(to: run.runFolder + "/coordinator.sqlite", nil)
        try run.flip("mae-0/weights.safetensors")
        let metrics = try run.metricsLines()
        for _ in 0..<2 {
            let program = try run.program()
            #expect(try program.run(timeoutSeconds: 40) == 1)
            #expect(program.output.contains("cannot be gone on with") && program.output.contains("another run folder"))
            #expect(try run.metricsLines() == metrics)
        }
    }

    @Test func recordsAgreeWithTheDatabaseAfterAStartAndAStageIsSummedUpOnce() throws {
        var run = try ClusterRun()
        for stage in ["mae", "wsp", "lit"] {
            run = try killed(run, whenSummedUp: stage)
            var lines = try run.metricsLines()
            lines.remove(at: 1)
            // One that was never committed, and a torn one.
            let ahead = lines[0].replacingOccurrences(of: "\"step\":0", with: "\"step\":77")
            let text = (lines + [ahead, String(ahead.prefix(20))]).joined(separator: "\n")
            try text.write(toFile: run.runFolder + "/metrics.jsonl", atomically: true, encoding: .utf8)
        }
        _ = try run.finish()
        let metrics = try run.metricsLines()
        #expect(try RunFolder(run.runFolder).metrics().count == 10 && metrics.count == 10)
        #expect(try run.stageLines() == ["mae", "wsp", "lit"])
        #expect(try run.coordinatorLog().contains("1 of its steps are not committed"))
    }

    @Test func keepHoldsWhileAStageRunsAndNothingHalfMadeStays() throws {
        var run = try Self.longRun(checkpointSteps: 1)
        run.keep = 1
        let program = try run.program()
        try program.start()
        var most = 0
        while program.process.isRunning {
            let all = (try? run.checkpoints()) ?? []
            let names = all.filter { $0.hasPrefix("mae-") && !$0.hasSuffix(".partial") }
            most = max(most, names.count)
            Thread.sleep(forTimeInterval: 0.002)
        }
        #expect(try program.wait() == 0)
        // The stage's first, the one that is kept, and the next before that goes.
        #expect((2...3).contains(most), "\(most) checkpoints")
        #expect(try run.checkpoints() == ["latest", "lit-3", "mae-24", "wsp-8"])
    }

    /// Kills the coordinator; its children follow by themselves.
    private func killed(
        _ run: ClusterRun, after steps: Int = 0, whenSummedUp stage: String? = nil, seed: Int = 7
    ) throws -> ClusterRun {
        try run.write()
        let arguments = ["start", "--plan", run.planPath] + (seed == 7 ? [] : ["--seed", "\(seed)"])
        let program = Program("maws-coord", arguments)
        try program.start()
        try run.wait(forSteps: steps, of: program)
        if let stage {
            while program.process.isRunning, try !run.stageLines().contains(stage) {
                Thread.sleep(forTimeInterval: 0.001)
            }
        }
        let children = program.children("maws-")
        kill(program.pid, SIGKILL)
        _ = try program.wait()
        while children.contains(where: { kill($0, 0) == 0 }) { Thread.sleep(forTimeInterval: 0.01) }
        return run
    }
}

/// What may become of a run's database.
enum DatabaseLoss: String, CaseIterable {
    case deleted
    /// What is not yet in the database's own file is gone.
    case withoutLog
    case halved
    /// Replaced by an older copy of itself.
    case restored

    func happens(to path: String, _ earlier: String?) throws {
        let files = FileManager.default
        switch self {
        case .deleted: for ending in ["", "-wal", "-shm"] { try? files.removeItem(atPath: path + ending) }
        case .withoutLog: for ending in ["-wal", "-shm"] { try? files.removeItem(atPath: path + ending) }
        case .halved:
            // With all of its content in its own file.
            for name in ["-wal", "-shm"] { try? files.removeItem(atPath: path + name) }
            let size = try files.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            truncate(path, off_t(max(size / 2, 1)))
        case .restored:
            for ending in ["", "-wal", "-shm"] {
                try? files.removeItem(atPath: path + ending)
                if let earlier { try? files.copyItem(atPath: earlier + ending, toPath: path + ending) }
            }
        }
    }
}
