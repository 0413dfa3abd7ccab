import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsPlan
import MawsRecords
import MawsTraining
import Testing

/// The undisturbed run that all others are compared with, made once.
let reference: Result<[String: String], any Error> = Result { try ClusterRun().finish() }

/// Real processes over TLS on loopback. One at a time: they share two cores.
@Suite(.serialized) struct BitIdentityTests {
    @Test(arguments: [1, 2, 3], [1, 2, 3])
    func weightsAreTheSameForAnyNumberOfTrainersAndServers(trainers: Int, servers: Int) throws {
        var run = try ClusterRun()
        run.trainers = trainers
        run.servers = servers
        let hashes = try run.finish()
        #expect(hashes.count == 3)
        #expect(try hashes == reference.get())
        for (stage, hash) in hashes.sorted(by: { $0.key < $1.key }) {
            print("bit-identity trainers=\(trainers) servers=\(servers) stage=\(stage) sha256=\(hash)")
        }
    }

    @Test func weightsAreTheSameForAnyNumberOfThreads() throws {
        var run = try ClusterRun()
        (run.trainers, run.threads) = (1, 3)
        #expect(try run.finish() == reference.get())
    }

    /// It is leased the first four of five units together once its speed is known: in LiT after the first phase.
    @Test func aTrainerThatIsAlonePushesSumsOfUnitsAndTheSameWeightsComeOfIt() throws {
        var run = try ClusterRun()
        run.trainers = 1
        #expect(try run.finish() == reference.get())
        let metrics = try RunFolder(run.runFolder).metrics().filter { $0.stage != "lit" }
        for (stage, steps) in Dictionary(grouping: metrics, by: \.stage) {
            let pushed = steps.sorted { $0.step < $1.step }.map(\.bytesPushed)
            #expect(2 * pushed[1] <= pushed[0] + pushed[0] / 20, "\(stage): \(pushed)")
        }
    }

    /// A model that does not fit: blocks are computed again to go backward, and gathered a few at a time.
    @Test func weightsAreTheSameForATrainerThatHoldsAFewBlocksOnly() throws {
        var free = try ClusterRun()
        (free.trainers, free.depth, free.unit) = (1, 8, 80)
        let least = try leastMemoryBytes(free)
        let runs = try ["", "memory: \(least / 1024 + 1)K,"].map { memory in
            var run = try ClusterRun()
            (run.trainers, run.depth, run.unit, run.memory) = (1, 8, 80, memory)
            return (run: run, hashes: try run.finish())
        }
        #expect(runs[0].hashes == runs[1].hashes)
        let log = try String(contentsOfFile: runs[1].run.runFolder + "/logs/trainer-0.log", encoding: .utf8)
        #expect(log.contains("computes blocks again to go backward, holds"))
    }

    /// What the most demanding stage of a run needs.
    private func leastMemoryBytes(_ run: ClusterRun) throws -> Int {
        try run.write()
        let plan = try PlanLoader.load(
            path: run.planPath, precision: { _ in .fp32 },
            tokenizerSize: { try Tokenizer(model: $0, context: 16).vocabularySize })
        let needs = try plan.stages.map { stage in
            try #require(throws: TooLittleMemory.self) {
                _ = try MemoryChoice(
                    plan: plan, stage: stage, compute: ComputeBackend.fastestKind, threads: 1, memoryBytes: 1)
            }.neededBytes
        }
        return needs.max() ?? 0
    }

    @Test func weightsOfMicroBatchesAreTheSameForAnyClusterAndNearlyThoseOfWholeUnits() throws {
        let runs = try [(1, 1), (2, 3)].map { trainers, servers in
            var run = try ClusterRun()
            (run.trainers, run.servers, run.microBatch) = (trainers, servers, ", micro_batch: 4")
            return (try run.finish(), try RunFolder(run.runFolder).stages())
        }
        #expect(runs[0].0 == runs[1].0)
        var whole = try ClusterRun()
        whole.trainers = 1
        _ = try whole.finish()
        for (parts, units) in zip(runs[0].1, try RunFolder(whole.runFolder).stages()) {
            #expect(abs((parts.loss ?? 0) - (units.loss ?? 0)) < 1e-3, "\(parts.stage)")
        }
    }

    /// A server lets its pages go all the time; nothing is lost with them.
    @Test func weightsAreTheSameForServersOfLittleMemory() throws {
        var run = try ClusterRun()
        run.memory = "server_memory: 32M,"
        #expect(try run.finish() == reference.get())
    }

    /// With bf16 products, or their emulation on a CPU that has none.
    @Test func weightsOfABF16RunAreTheSameForAnyClusterAndNotThoseOfFP32() throws {
        let hashes = try [(trainers: 1, servers: 2, threads: 2), (trainers: 3, servers: 1, threads: 1)].map { cluster in
            var run = try ClusterRun()
            run.precision = "bf16"
            (run.trainers, run.servers, run.threads) = (cluster.trainers, cluster.servers, cluster.threads)
            return try run.finish()
        }
        #expect(hashes[0] == hashes[1])
        #expect(try hashes[0] != reference.get())
    }

    @Test func weightsAreTheSameWithCompressedPushes() throws {
        var run = try ClusterRun()
        run.push = "fp32-zstd"
        #expect(try run.finish() == reference.get())
    }

    /// The second epoch finds the features of the first, whichever trainer computed them, and whoever died meanwhile.
    @Test func weightsAreTheSameWhoeverComputedTheFeaturesOfFixedViews() throws {
        let hashes = try [1, 3].map { trainers in
            var run = try ClusterRun()
            (run.trainers, run.maeSteps) = (trainers, 1)
            run.litFields = "steps: 9, batch: 1000, unit: 100, fixed_views: 1"
            let program = try run.program()
            try program.start()
            // One mae step, three of wsp, then lit in its first epoch and in its second.
            for steps in trainers > 1 ? [6, 10] : [] {
                try run.wait(forSteps: steps, of: program)
                program.children("maws-trainer").randomElement().map { _ = kill($0, SIGKILL) }
            }
            #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
            #expect(run.logs().contains("finds features of images that were computed before"))
            return try run.hashes()
        }
        #expect(hashes[0] == hashes[1])
    }

    @Test func unreadableImagesAreReplacedTheSameWayByEveryCluster() throws {
        var hashes: [[String: String]] = []
        for (trainers, servers) in [(1, 2), (3, 1)] {
            var run = try ClusterRun()
            run.trainers = trainers
            run.servers = servers
            run.trainShard = try TestData.damagedShard.get()
            hashes.append(try run.finish())
            let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
            #expect(log.contains("skipped") && log.contains("damaged.tar, fashion-train-00000007"))
        }
        #expect(hashes[0] == hashes[1])
        #expect(try hashes[0] != reference.get())
    }

    @Test func weightsAreTheSameAfterATrainerIsKilledMidStep() throws {
        let run = try ClusterRun()
        let program = try run.program()
        try program.start()
        for steps in [1, 3, 5, 8] {
            try run.wait(forSteps: steps, of: program)
            program.children("maws-trainer").randomElement().map { _ = kill($0, SIGKILL) }
        }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        #expect(try run.hashes() == reference.get())
    }

    @Test func weightsAreTheSameAfterAServerIsKilled() throws {
        let run = try ClusterRun()
        let program = try run.program()
        try program.start()
        for steps in [1, 3, 5, 8] {
            try run.wait(forSteps: steps, of: program)
            program.children("maws-ps").randomElement().map { _ = kill($0, SIGKILL) }
        }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        #expect(try run.hashes() == reference.get())
        #expect(try run.stepsComputedTwice().isEmpty, "a server's death cost a committed step")
    }
}

/// `kill -9` of everything, and starting again with the same plan.
@Suite(.serialized) struct ResumeTests {
    @Test(arguments: [1, 4, 6, 8])
    func runGoesOnAfterEverythingWasKilled(steps: Int) throws {
        let run = try killed(after: steps)
        #expect(try run.finish() == reference.get())
        #expect(try run.stepsComputedTwice().isEmpty, "a committed step was lost")
    }

    @Test(arguments: [3, 6, 9])
    func runGoesOnFromTheCheckpointWhenTheServersLostTheirState(steps: Int) throws {
        let run = try killed(after: steps)
        try FileManager.default.removeItem(atPath: run.runFolder + "/state")
        #expect(try run.finish() == reference.get())
    }

    @Test func damagedNewestCheckpointIsSkippedForTheOneBefore() throws {
        let run = try killed(after: 3)
        try FileManager.default.removeItem(atPath: run.runFolder + "/state")
        let checkpoints = run.runFolder + "/checkpoints"
        let newest = try #require(
            FileManager.default.contentsOfDirectory(atPath: checkpoints).filter { $0.hasPrefix("mae-") }.sorted().last)
        let weights = "\(checkpoints)/\(newest)/weights.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
        bytes[bytes.count - 5] ^= 1
        try bytes.write(to: URL(fileURLWithPath: weights))
        #expect(try run.finish() == reference.get())
    }

    @Test func numberOfServersMayChangeBetweenStarts() throws {
        var run = try killed(after: 3)
        run.servers = 3
        #expect(try run.finish() == reference.get())
    }

    @Test func interruptTakesACheckpointAndLeavesNoChild() throws {
        let run = try ClusterRun()
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: 3, of: program)
        let children = program.children("maws-")
        #expect(children.count == 4)
        kill(program.pid, SIGINT)
        #expect(try program.wait() == 130)
        #expect(children.allSatisfy { kill($0, 0) != 0 })
        let steps = try RunFolder(run.runFolder).metrics().filter { $0.stage == "mae" }.count
        #expect(FileManager.default.fileExists(atPath: "\(run.runFolder)/checkpoints/mae-\(steps)/manifest.json"))
        #expect(try run.finish() == reference.get())
    }

    /// Starts a run and kills its coordinator; the children must follow by themselves.
    private func killed(after steps: Int) throws -> ClusterRun {
        let run = try ClusterRun()
        let program = try run.program()
        try program.start()
        try run.wait(forSteps: steps, of: program)
        let children = program.children("maws-")
        kill(program.pid, SIGKILL)
        _ = try program.wait()
        let deadline = Date().addingTimeInterval(120)
        while children.contains(where: { kill($0, 0) == 0 }) && Date() < deadline {
            Thread.sleep(forTimeInterval: 0.01)
        }
        #expect(children.allSatisfy { kill($0, 0) != 0 }, "children outlived the coordinator")
        return run
    }
}

extension ClusterRun {
    /// Steps that were committed and then computed again, as the coordinator says each time that it goes back.
    func stepsComputedTwice() throws -> [String] {
        let log = try String(contentsOfFile: runFolder + "/logs/coordinator.log", encoding: .utf8)
        let goings = log.matches(
            of: /goes back to checkpoint (\S+)-(\d+): (\d+) committed steps? (?:is|are) computed again/)
        let steps = goings.flatMap { going in
            let first = Int(going.2) ?? 0
            return (first..<first + (Int(going.3) ?? 0)).map { "\(going.1) \($0)" }
        }
        return Set(steps).sorted()
    }
}
