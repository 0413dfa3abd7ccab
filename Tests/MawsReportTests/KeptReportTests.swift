import Foundation
import MawsRecords
import MawsReport
import Testing

/// A report that is made again shows no less than the one before, whatever is gone meanwhile.
@Suite struct KeptReportTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func page(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func theRunKeepsWhatItsReportShowsOfDataAndCheckpoints() throws {
        let run = try TinyRun(in: scratch.path)
        let first = try page(HTMLReport.write(runFolder: run.folder).path)
        try FileManager.default.removeItem(atPath: "\(scratch.path)/test.tar")
        try FileManager.default.removeItem(atPath: "\(run.folder)/checkpoints")
        let again = try HTMLReport.write(runFolder: run.folder, root: "/nowhere")
        #expect(again.lacks.isEmpty)
        let second = try page(again.path)
        #expect(PageContents(html: second) == PageContents(html: first))
        #expect(second.contains("what the encoder saw") && !second.contains("class=\"missing\""))
        let images = { (text: String) in text.matches(of: /src="data:[^"]*"/).map { String($0.output) } }
        #expect(images(second) == images(first))
    }

    @Test func aPageWithLessIsWrittenBesideTheOneThatIsThereAndSaysWhatItLacks() throws {
        let run = try TinyRun(in: scratch.path)
        let first = try page(HTMLReport.write(runFolder: run.folder).path)
        try FileManager.default.removeItem(atPath: "\(scratch.path)/test.tar")
        try FileManager.default.removeItem(atPath: "\(run.folder)/shown")
        try FileManager.default.removeItem(atPath: "\(run.folder)/results/zeroshot.json")
        let again = try HTMLReport.write(runFolder: run.folder)
        #expect(again.path == "\(run.folder)/report-partial.html")
        #expect(again.description.contains("24 of the 24 images of “Reconstructions”"))
        #expect(again.description.contains("“Images and captions”") && again.description.contains("--data-root"))
        #expect(try page("\(run.folder)/report.html") == first)
        #expect(FileManager.default.fileExists(atPath: again.path))
    }

    @Test func renderingAloneKeepsNothing() throws {
        let run = try TinyRun(in: scratch.path)
        _ = try HTMLReport.render(runFolder: run.folder)
        #expect(!FileManager.default.fileExists(atPath: "\(run.folder)/shown"))
    }

    @Test func dataIsLookedForWhereTheRunWasStarted() throws {
        let run = try TinyRun(in: scratch.path)
        let plan = try page("\(run.folder)/plan.yaml").replacingOccurrences(of: "\(scratch.path)/test", with: "test")
        try Data(plan.utf8).write(to: URL(fileURLWithPath: "\(run.folder)/plan.yaml"))
        #expect(try !HTMLReport.render(runFolder: run.folder).contains("what the encoder saw"))
        let start = RunStart(
            at: "2026-01-31T12:00:00Z", version: "1", build: "b", host: "h", term: 1, dataRoot: scratch.path)
        try SyntheticRun.write(lines: [JSONLine.encode(start)], to: "\(run.folder)/starts.jsonl")
        let page = try HTMLReport.render(runFolder: run.folder)
        #expect(page.contains("what the encoder saw"))
        #expect(page.contains("2026-01-31T12:00:00Z</th><td>maws 1</td><td>b</td><td>h</td><td>1</td>"))
        #expect(page.contains(", by maws "))
        #expect(try HTMLReport.render(runFolder: run.folder, root: "/nowhere").contains("no reconstructions"))
    }
}
