import Foundation
import MawsReport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct HTMLReportTests {
    /// Set to a folder, the page of the synthetic run is left there for a browser.
    private static let keepVariable = "MAWS_REPORT_SAMPLE"

    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    @Test func thePageIsWellFormed() throws {
        let page = try HTMLReport.render(runFolder: SyntheticRun(at: "\(scratch.path)/<fashion> & \"co\"").folder)
        let parser = XMLParser(data: Data(page.utf8))
        #expect(parser.parse(), "\(parser.parserError as Any) in line \(parser.lineNumber)")
    }

    @Test func thePageNeedsNoNetwork() throws {
        let page = try HTMLReport.render(runFolder: SyntheticRun(at: scratch.path).folder)
        for word in ["http:", "https:", "//cdn", "<link", "<script", "@import", "url("] {
            #expect(!page.contains(word), "\(word) is in the page")
        }
        for source in page.matches(of: /(?:src|href)="([^"]*)"/).map(\.output.1) {
            #expect(source.hasPrefix("data:") || source.hasPrefix("#"))
        }
    }

    @Test func thePageShowsTheRunsFigures() throws {
        let run = try SyntheticRun(at: scratch.path)
        let page = try HTMLReport.render(runFolder: run.folder)
        for text in ["ankle boot", "zeroshot top-1", "What was taken for what", "3fa9c0e1", "&lt;a plan &amp; its"] {
            #expect(page.contains(text), "\(text) is missing")
        }
        #expect(page.components(separatedBy: "<svg").count == 1 + 3 * 4)
    }

    @Test func anotherRunsLossesAreDrawnOverThisOnes() throws {
        let run = try SyntheticRun(at: "\(scratch.path)/half")
        let other = try SyntheticRun(at: "\(scratch.path)/<full>")
        let page = try HTMLReport.render(runFolder: run.folder, against: other.folder)
        #expect(XMLParser(data: Data(page.utf8)).parse())
        #expect(page.contains("half against &lt;full&gt;"))
        #expect(page.components(separatedBy: "polyline class=\"second\"").count == 1 + 3 + 3, "a loss is missing")
        #expect(page.components(separatedBy: ">&lt;full&gt;</text>").count == 1 + 3, "a legend is missing")
        #expect(try !HTMLReport.render(runFolder: run.folder).contains("Against another run"))
    }

    @Test func whatIsGoneIsNamedInsteadOfFailing() throws {
        let page = try HTMLReport.render(runFolder: SyntheticRun(at: scratch.path, steps: 3).folder)
        #expect(page.contains("The plan no longer loads"))
        #expect(page.contains("The images are missing"))
    }

    @Test func aRunThatOnlyBeganHasAReport() throws {
        try SyntheticRun.write(lines: ["seed: 1"], to: "\(scratch.path)/plan.yaml")
        #expect(try HTMLReport.render(runFolder: scratch.path).contains("No stage is finished yet."))
    }

    @Test func aDivergedRunHasAReport() throws {
        var metrics = SyntheticRun.metrics("mae", from: 1, to: 1, steps: 5)
        for index in metrics.indices { metrics[index].loss = .nan }
        try SyntheticRun.write(lines: metrics.map(JSONLine.encode), to: "\(scratch.path)/metrics.jsonl")
        #expect(try HTMLReport.render(runFolder: scratch.path).contains("Learning rate"))
    }

    @Test func theReportLiesInTheRunFolder() throws {
        let run = try SyntheticRun(at: scratch.path, steps: 50)
        #expect(try HTMLReport.write(runFolder: run.folder + "/").path == "\(run.folder)/report.html")
        if let folder = ProcessInfo.processInfo.environment[Self.keepVariable] {
            try HTMLReport.write(runFolder: SyntheticRun(at: folder).folder)
        }
    }
}
