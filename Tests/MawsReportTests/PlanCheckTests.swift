import Foundation
import MawsData
import MawsPlan
import MawsReport
import Testing

/// What `maws plan check` and the start of a run find, and what the former foresees.
@Suite struct PlanCheckTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    @Test func allThatStagesWouldFindLaterIsFoundAtOnce() throws {
        var plan = try TinyRun(in: scratch.path).plan
        plan.stages[0].batch = 16
        plan.stages[1].classes = "\(scratch.path)/classes.txt"
        let faults = PlanInspection(plan: plan, root: ".").faults
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
