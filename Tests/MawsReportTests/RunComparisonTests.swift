import Foundation
import MawsRecords
import MawsReport
import Testing

@Suite struct RunComparisonTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    /// The other run's losses are 2 % higher in `mae`, at every step and so after smoothing, and equal elsewhere.
    private func comparison() throws -> RunComparison {
        let run = try SyntheticRun(at: "\(scratch.path)/half", steps: 60)
        let other = try SyntheticRun(at: "\(scratch.path)/full", steps: 60)
        var metrics = try RunFolder(other.folder).metrics()
        for index in metrics.indices where metrics[index].stage == "mae" { metrics[index].loss *= 1.02 }
        try SyntheticRun.write(lines: metrics.map(JSONLine.encode), to: "\(other.folder)/metrics.jsonl")
        return try RunComparison(folder: run.folder, other: other.folder)
    }

    @Test func smoothedLossesAreComparedStepByStep() throws {
        let distances = try comparison().distances
        #expect(distances.map(\.stage) == ["mae", "wsp", "lit"] && distances.allSatisfy { $0.steps == 60 })
        #expect(abs(distances[0].largest - (1 - 1 / 1.02)) < 1e-9)
        #expect(distances[1].largest == 0 && distances[2].largest == 0)
    }

    @Test func aTableSaysHowFarApartTheRunsAre() throws {
        let lines = try comparison().draw().split(separator: "\n").map(String.init)
        #expect(lines[0] == "against full:" && lines[1].contains("smoothed losses apart"))
        #expect(lines[3].hasPrefix("mae") && lines[3].contains("2.0 %, step "))
        #expect(lines.last?.hasPrefix("zeroshot") == true && lines.last?.hasSuffix("+0.00") == true)
    }

    @Test func aRunThatIsNotThereIsNamed() throws {
        let run = try SyntheticRun(at: "\(scratch.path)/half", steps: 5)
        #expect(throws: ReportError.noRun(folder: "\(scratch.path)/gone")) {
            try RunComparison(folder: run.folder, other: "\(scratch.path)/gone")
        }
    }
}
