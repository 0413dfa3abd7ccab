import Foundation
import MawsData
import MawsRecords
import MawsReport
import Testing

@Suite struct StageSamplesTests {
    private static func split(count: Int, problems: Int = 0, _ fill: (inout SampleAccount) -> Void) -> PlanSurvey.Split
    {
        var account = SampleAccount()
        account.take(count)
        fill(&account)
        return PlanSurvey.Split(name: "train", count: count, problemCount: problems, account: account)
    }

    private static let skipped = [
        "a.tar, 0007 at byte 512: the image is empty", "a.tar, 0009 at byte 2048: the image is empty",
    ]

    @Test func whatTrainersSkippedJoinsWhatWasForeseen() {
        let split = Self.split(count: 100) { account in
            account.add(.incomplete, "without a label of the vocabulary", count: 12)
            account.add(.leftOut, SampleAccount.excluded, count: 3)
            account.add(.ignored, "hidden files", count: 1)
        }
        let samples = StageSamples(
            stage: "wsp", survey: PlanSurvey.Stage(stage: "wsp", splits: [split]), skipped: Self.skipped, trains: true)
        #expect(samples.account.takenCount == 98)
        #expect(samples.account.count(.incomplete) == 12 && samples.account.count(.ignored) == 1)
        #expect(samples.account.count(.leftOut, SampleAccount.excluded) == 3)
        let replaced = samples.account.entries(.leftOut)[1]
        #expect(replaced.reason == "the image is empty: replaced by the next readable sample" && replaced.count == 2)
        #expect(replaced.examples == ["a.tar, 0007", "a.tar, 0009"])
    }

    @Test func whatAScanSkippedIsNoSampleThatIsMissing() {
        let split = Self.split(count: 100, problems: 2) { $0.add(.leftOut, "no image", count: 2) }
        let samples = StageSamples(
            stage: "linear", survey: PlanSurvey.Stage(stage: "linear", splits: [split]), skipped: Self.skipped,
            trains: false)
        #expect(samples.account.takenCount == 100 && samples.account.count(.leftOut) == 2)
        #expect(samples.account.entries(.leftOut)[0].reason == "the image is empty: not scored")
    }

    @Test func aFigureSaysHowManySamplesItIsNotAbout() {
        let stage = StageSummary(
            stage: "linear", kind: "linear", steps: 0, seconds: 1, images: 24, loss: nil, bytesPushed: 0,
            bytesGathered: 0, accuracy: 1, weightsHash: nil, unlabelled: 12)
        #expect(ResultTable.draw([stage]).hasSuffix("\nlinear: 12 more samples have no class and are not scored."))
    }

    @Test func theReportHasATableOfThem() throws {
        let folder = NSTemporaryDirectory() + "maws-samples-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try SyntheticRun(at: folder)
        let record = SkippedSampleRecord(stage: "wsp", sample: Self.skipped[0])
        try SyntheticRun.write(lines: [JSONLine.encode(record)], to: folder + "/skipped.jsonl")
        let page = try HTMLReport.render(runFolder: folder)
        #expect(page.contains("What became of the samples"))
        #expect(page.contains("left out: the image is empty: replaced by the next readable sample"))
        #expect(page.contains("a.tar, 0007"))
    }
}
