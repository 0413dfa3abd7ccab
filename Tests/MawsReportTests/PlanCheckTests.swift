import Foundation
import MawsBase
import MawsData
import MawsForecast
import MawsPlan
import MawsRecords
import Testing

/// What `maws plan check` and the start of a run find, and what the former foresees.
@Suite struct PlanCheckTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    @Test func allThatStagesWouldFindLaterIsFoundAtOnce() throws {
        var plan = try TinyRun(in: scratch.path).plan
        plan.stages[0].batch = 16
        try "a {}\n".write(toFile: scratch.path + "/templates.txt", atomically: true, encoding: .utf8)
        plan.stages[1].task = ZeroShotTask(
            templates: "\(scratch.path)/templates.txt", classes: "\(scratch.path)/classes.txt")
        let faults = PlanInspection(plan: plan, root: ".").faults
        #expect(faults.allSatisfy { $0.hasPrefix(plan.run + "/plan.yaml:") }, "\(faults)")
        #expect(faults.count == 2, "\(faults)")
        #expect(faults.contains { $0.contains("'mae' has a `batch` of 16") && $0.contains("has 12 samples only") })
        #expect(faults.contains { $0.contains("classes.txt") })
        #expect(throws: PlanDataFaults.self) { try PlanInspection(plan: plan, root: ".").checked() }
    }

    @Test func aPlanWithoutFaultsHasItsDataOpen() throws {
        let plan = try TinyRun(in: scratch.path).plan
        #expect(try PlanInspection(plan: plan, root: ".").checked().data.sampleCount("test", for: plan.stages[1]) == 12)
    }

    @Test func everySplitThatCannotBeOpenedIsNamed() throws {
        var plan = try TinyRun(in: scratch.path).plan
        plan.data[0].shards = ["\(scratch.path)/one.tar"]
        plan.data[1].shards = ["\(scratch.path)/two.tar"]
        let inspection = PlanInspection(plan: plan, root: ".")
        #expect(inspection.data == nil)
        #expect(inspection.faults.count == 2 && inspection.faults[0].contains("one.tar"))
        #expect(inspection.faults[1].contains("two.tar"))
    }

    @Test func memoryThatIsTooLittleIsFoundWithoutTiming() throws {
        var plan = try TinyRun(in: scratch.path).plan
        #expect(MemoryCheck.faults(plan: plan).isEmpty)
        plan.cluster.memoryBytes = 100 << 20
        plan.cluster.serverMemoryBytes = 1 << 20
        let faults = MemoryCheck.faults(plan: plan)
        #expect(faults.count == 4, "\(faults)")
        #expect(faults[0].contains("stage mae") && faults[0].contains("give trainers a `memory` of"))
        #expect(faults[1].contains("set `cluster.server_memory` to"))
    }

    /// A plan of one stage on the twelve images, its faults with their places.
    private func faults(_ data: String, _ stage: String, cluster: String = "") throws -> [String] {
        let text = """
            run: runs/places
            cluster: {local: true\(cluster)}
            data:
              train:
            \(data)
            model: {image: {size: 8, channels: 1, patch: 4, width: 16, depth: 1, heads: 2}}
            stages:
              - mae: {name: first, batch: 4, unit: 2, decoder: {width: 16, depth: 1, heads: 2}}
            \(stage)
            """
        let plan = try PlanLoader.parse(text, file: "plan.yaml", root: scratch.path) { _ in 1 }
        return PlanInspection(plan: plan, root: scratch.path).faults + MemoryCheck.faults(plan: plan)
    }

    @Test func whatIsFoundAfterThePlanWasReadIsToldWithFileLineAndField() throws {
        _ = try TinyRun(in: scratch.path)
        try "a\t3\nb\t2\n".write(toFile: scratch.path + "/tags.txt", atomically: true, encoding: .utf8)
        try "a\t3\na\t2\n".write(toFile: scratch.path + "/twice.txt", atomically: true, encoding: .utf8)
        try "no tar".write(toFile: scratch.path + "/bad.tar", atomically: true, encoding: .utf8)
        let shards = "    shards: test.tar"
        let batch = try faults(shards, "  - mae:\n      unit: 2\n      batch: 16")
        #expect(batch.first?.hasPrefix("plan.yaml:11: stages.mae.batch: Stage 'mae' has a `batch` of 16") == true)
        let preset = try faults(shards, "  - mae: {unit: 2}")
        #expect(preset.first?.hasPrefix("plan.yaml:9: stages.mae.batch: Stage 'mae' has a `batch` of 4096") == true)
        let shard = try faults("    shards:\n      - bad.tar", "  - mae: {batch: 4, unit: 2}")
        #expect(shard.first?.hasPrefix("plan.yaml:5: data.train.shards: Shard ") == true, "\(shard)")
        let tags = try faults(shards + "\n    vocabulary: tags.txt", "  - wsp: {batch: 4, unit: 2}")
        #expect(tags.first?.hasPrefix("plan.yaml:5: data.train.shards: Stage 'wsp' learns hashtags, but") == true)
        let twice = try faults(shards + "\n    vocabulary: twice.txt", "  - wsp: {batch: 4, unit: 2}")
        #expect(twice.count == 1, "\(twice)")
        #expect(twice.first?.hasPrefix("plan.yaml:6: data.train.vocabulary: ") == true)
        #expect(twice.first?.hasSuffix("twice.txt, line 2: hashtag 'a' is there twice.") == true)
        let memory = try faults(
            shards, "  - linear: {from: first, on: train}", cluster: ", memory: 100M, server_memory: 1M")
        #expect(memory.contains { $0.hasPrefix("plan.yaml:2: cluster.memory: stage first does not fit") }, "\(memory)")
        #expect(memory.contains { $0.hasPrefix("plan.yaml:2: cluster.server_memory: stage first does not fit") })
    }

    /// What a start refuses is found by the check too.
    @Test func aFolderOfSomethingElseOrOfAnotherPlanIsToldWithItsField() throws {
        let run = try TinyRun(in: scratch.path)
        #expect(EarlierRun.faults(of: run.plan) == [])
        var plan = run.plan
        plan.seed += 1
        plan.checkpoint.keep += 1
        let changed = EarlierRun.faults(of: plan)
        #expect(changed.count == 1 && changed[0].contains("plan.yaml:1: run: the plan changed since "), "\(changed)")
        #expect(changed[0].contains("plan.yaml:2: seed was 3, is now 4);"), "\(changed)")
        plan.run = scratch.path
        let foreign = EarlierRun.faults(of: plan)
        #expect(foreign.count == 1 && foreign[0].contains("is not a run's folder (it holds "), "\(foreign)")
        plan.run = scratch.path + "/none"
        #expect(EarlierRun.faults(of: plan) == [])
    }

    @Test func trainersThatComputeAnotherProfileThanThePlansAreToldWithItsField() throws {
        var plan = try TinyRun(in: scratch.path).plan
        let own = ComputeProfile(kind: .reference, library: "a 1", kernels: "avx2", loops: "avx2")
        #expect(ProfileCheck.faults(plan: plan, own: own) == [])
        plan.computeProfile = "\(own)"
        #expect(ProfileCheck.faults(plan: plan, own: own) == [])
        plan.computeProfile = "reference; a 2; avx2; avx2"
        let faults = ProfileCheck.faults(plan: plan, own: own)
        #expect(
            faults.count == 1 && faults[0].contains("with `\(own)`, and not with `reference; a 2; avx2; avx2`"),
            "\(faults)")
        plan.bitIdentity = false
        #expect(ProfileCheck.faults(plan: plan, own: own) == [])
    }

    /// What no machine has room for is refused before anything of it is made.
    @Test func sizesBeyondAllMachinesAreASentence() throws {
        let plan = try TinyRun(in: scratch.path).plan
        var wide = plan
        (wide.model.image.width, wide.model.image.mlp, wide.model.image.depth) = (1 << 18, 1 << 20, 2)
        let model = MemoryCheck.faults(plan: wide)
        #expect(model.contains { $0.contains("model: stage mae has ") && $0.contains(" parameters") }, "\(model)")
        var large = plan
        large.stages[1].unit = 4_000_000_000
        large.cluster.isLocal = false
        let unit = MemoryCheck.faults(plan: large)
        #expect(unit.count == 1 && unit[0].contains("a unit of 4000000000 samples of stage linear fits no"), "\(unit)")
    }

    @Test func memoryThatThisMachineDoesNotHaveIsSaid() throws {
        let plan = try TinyRun(in: scratch.path).plan
        let stage = plan.stages[0]
        #expect(StageSample.fault(stage, in: plan, freeBytes: 1 << 30) == nil)
        let fault = StageSample.fault(stage, in: plan, freeBytes: 1000) ?? "none"
        #expect(fault.contains("two units of stage mae are read for its forecast, of "), "\(fault)")
        let machine = ForecastMachine(measuredFor: plan, cores: 1)
        let forecast = try StageForecast(
            plan: plan, stage: stage, images: stage.batch, steps: 3,
            sample: StageSample(plan: plan, stage: stage, root: "."), machine: machine)
        #expect(forecast.lackOfMemory(plan.cluster, freeBytes: .max) == nil)
        let lack = forecast.lackOfMemory(plan.cluster, freeBytes: 1000) ?? "none"
        #expect(lack.hasPrefix("stage mae takes ") && lack.contains("and this machine has 1000 free"), "\(lack)")
        var remote = plan.cluster
        remote.isLocal = false
        #expect(forecast.lackOfMemory(remote, freeBytes: 1000) == nil)
    }

    /// A step's number has 32 bits; more would be another step's.
    @Test func moreStepsThanCanBeNumberedAreTold() throws {
        var plan = try TinyRun(in: scratch.path).plan
        plan.stages[0].epochs = 1e6
        #expect(PlanInspection(plan: plan, root: ".").faults == [])
        plan.stages[0].epochs = 1e10
        let faults = PlanInspection(plan: plan, root: ".").faults
        #expect(faults.contains { $0.contains("stages.mae") && $0.contains("has 30000000000 steps of 4") }, "\(faults)")
    }

    @Test func whereAPlanStandsIsNoPartOfIt() throws {
        let plan = try TinyRun(in: scratch.path).plan
        var other = plan
        other.places = PlanPlaces()
        #expect(plan == other && plan.canonicalJSON == other.canonicalJSON)
        #expect(plan.located("stages.mae.batch", "wrong").hasSuffix("/plan.yaml:8: stages.mae.batch: wrong"))
        #expect(other.located("stages.mae.batch", "wrong") == "wrong")
        #expect(try Plan(json: plan.json()) == plan)
    }

    @Test func diskHoldsTheStagesBeforeBesideTheOneThatRuns() throws {
        let plan = try TinyRun(in: scratch.path).plan
        let (mae, linear) = (StageDisk(plan: plan, stage: plan.stages[0]), StageDisk(plan: plan, stage: plan.stages[1]))
        let disk = DiskForecast(plan: plan)
        #expect(disk.bytes == max(mae.runningBytes, mae.stayingBytes + linear.runningBytes))
        #expect(disk.freeBytes ?? 0 > 0)
    }

    @Test(arguments: [
        ("1G", 1, 2, 8.0), ("1G", 4, 2, 4.0), ("100M", 1, 1, 80.0), ("1g", 2, 2, 4.0),
    ])
    func theBusiestLinkSaysHowLongAStepTakesAtLeast(_ rate: String, _ trainers: Int, _ servers: Int, _ seconds: Double)
        throws
    {
        let network = try #require(ForecastNetwork(text: rate))
        let found = network.seconds(
            pushed: 1_000_000_000, gathered: 500_000_000, trainers: trainers, servers: servers)
        #expect(abs(found - seconds) < 1e-9)
    }

    @Test(arguments: ["1", "fast", "0G", "-1G", "G", ""])
    func aRateWithoutItsUnitIsRefused(_ text: String) { #expect(ForecastNetwork(text: text) == nil) }

    @Test func environmentVariablesThatAreNoneAreNamed() {
        #expect(DataAccess.faults(of: ["MAWS_CACHE_SIZE": "20G", "MAWS_READ_TRIES": "3"]).isEmpty)
        let faults = DataAccess.faults(of: ["MAWS_CACHE_SIZE": "20", "MAWS_STALL_SECONDS": "half"])
        #expect(faults.count == 2 && faults[0].contains("MAWS_CACHE_SIZE is `20`"))
    }
}
