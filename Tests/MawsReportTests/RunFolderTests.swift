import Foundation
import MawsRecords
import MawsTraining
import Testing

@Suite struct RunFolderTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func line(_ stage: String, _ step: Int, loss: Double) throws -> String {
        var metrics = SyntheticRun.metrics(stage, from: loss, to: loss, steps: 1)[0]
        metrics.step = step
        metrics.loss = loss
        return try JSONLine.encode(metrics)
    }

    @Test func anEmptyFolderHasNoRecordsAndIsNotARun() throws {
        let folder = RunFolder(scratch.path)
        #expect(try folder.metrics().isEmpty)
        #expect(try folder.stages().isEmpty)
        #expect(try folder.classifications().isEmpty)
        #expect(throws: ReportError.noRun(folder: scratch.path)) { try folder.checkIsRun() }
    }

    /// Runs of earlier versions say `utilisation` for `mfu`.
    @Test func whatEarlierVersionsCalledOtherwiseIsRead() throws {
        var metrics = SyntheticRun.metrics("mae", from: 1, to: 1, steps: 1)[0]
        metrics.mfu = 0.375
        let today = try JSONLine.encode(metrics)
        let earlier = today.replacing("\"mfu\"", with: "\"utilisation\"")
        #expect(earlier != today)
        try SyntheticRun.write(lines: [earlier], to: "\(scratch.path)/metrics.jsonl")
        #expect(try RunFolder(scratch.path).metrics() == [metrics])
    }

    @Test func aTornLastLineIsLeftOut() throws {
        let whole = try line("mae", 0, loss: 1)
        let torn = try line("mae", 1, loss: 2).dropLast(9)
        try Data("\(whole)\n\(torn)".utf8).write(to: URL(fileURLWithPath: "\(scratch.path)/metrics.jsonl"))
        let folder = RunFolder(scratch.path)
        #expect(try folder.metrics().map(\.step) == [0])
        #expect(try folder.damage() == ["metrics.jsonl: line 2 is not a record and was left out."])
    }

    @Test func aLineTornByADeadMachineBeforeTheRunWentOnCostsNoOtherRecord() throws {
        let lines = try [line("mae", 0, loss: 1), line("mae", 1, loss: 2) + "{\"st", line("mae", 2, loss: 3)]
        try SyntheticRun.write(lines: lines, to: "\(scratch.path)/metrics.jsonl")
        #expect(try RunFolder(scratch.path).metrics().map(\.step) == [0, 2])
    }

    @Test func theLastRecordOfARepeatedStepCounts() throws {
        let lines = try [
            line("mae", 0, loss: 1), line("mae", 1, loss: 2), line("mae", 2, loss: 3), line("mae", 1, loss: 20),
            line("mae", 2, loss: 30), line("wsp", 0, loss: 5),
        ]
        try SyntheticRun.write(lines: lines, to: "\(scratch.path)/metrics.jsonl")
        let metrics = try RunFolder(scratch.path).metrics()
        #expect(metrics.map(\.loss) == [1, 20, 30, 5])
        #expect(metrics.map(\.stage) == ["mae", "mae", "mae", "wsp"])
    }

    @Test func aDivergedLossSurvivesItsFile() throws {
        try SyntheticRun.write(
            lines: [line("mae", 0, loss: .nan), line("mae", 1, loss: .infinity)], to: "\(scratch.path)/metrics.jsonl")
        let metrics = try RunFolder(scratch.path).metrics()
        #expect(metrics[0].loss.isNaN && metrics[1].loss == .infinity)
    }

    @Test func evaluationsComeInTheOrderOfTheStages() throws {
        let run = try SyntheticRun(at: scratch.path, steps: 2)
        #expect(try RunFolder(run.folder + "/").classifications().map(\.stage) == ["linear", "zeroshot"])
    }

    @Test func aBrokenResultIsNamed() throws {
        let run = try SyntheticRun(at: scratch.path, steps: 2)
        try SyntheticRun.write(lines: ["{"], to: "\(run.folder)/results/zeroshot.json")
        let damage = try RunFolder(run.folder).damage()
        #expect(damage.contains { $0.hasPrefix("results/zeroshot.json is not an evaluation's result") })
        #expect(try RunFolder(run.folder).classifications().map(\.stage) == ["linear"])
    }
}
