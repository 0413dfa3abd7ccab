import Foundation
import MawsRecords
import MawsReport
import MawsTraining
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
        for text in [
            "ankle boot", "Zero-shot classification (zeroshot), top-1", "What was taken for what", "3fa9c0e1",
            "&lt;a plan &amp; its",
        ] {
            #expect(page.contains(text), "\(text) is missing")
        }
        #expect(page.components(separatedBy: "<svg").count == 1 + 3 * 5)
    }

    /// A stage's first steps fall from anywhere; what comes after them has the chart.
    @Test func firstStepsDoNotPressTheCurvesFlat() throws {
        var metrics = SyntheticRun.metrics("mae", from: 0.62, to: 0.58, steps: 300)
        for index in 0..<10 { metrics[index].loss = 90 / Double(index + 1) }
        try SyntheticRun.write(lines: metrics.map(JSONLine.encode), to: "\(scratch.path)/metrics.jsonl")
        let page = try HTMLReport.render(runFolder: scratch.path)
        let loss = try #require(page.components(separatedBy: "<svg").first { $0.contains(">Loss<") })
        let ticks = loss.matches(of: /class="tick end"[^>]*>([0-9.]+)</).compactMap { Double($0.output.1) }
        #expect(ticks.count > 2 && ticks.allSatisfy { $0 < 1 }, "\(ticks)")
        #expect(loss.contains("↑ up to 90.0"))
    }

    @Test func everyEvaluationHasItsMatrixAndWhatItsFitReached() throws {
        let run = try SyntheticRun(at: scratch.path)
        var linear = SyntheticRun.result("linear", accuracy: 0.86)
        linear.fit = ProbeFit(
            samples: 60_000, penalty: 1, iterations: 231, objective: 0.4, gradientMax: 9.46e-7, tolerance: 1e-6,
            converged: true)
        linear.fit?.weightsFile = "linear.safetensors"
        linear.fit?.weightsHash = "77aa88bb"
        try ClassificationFiles.write(linear, to: run.folder + "/results")
        let page = try HTMLReport.render(runFolder: run.folder)
        #expect(page.components(separatedBy: "<table class=\"confusion\">").count == 1 + 2)
        #expect(page.contains("Fitted to its optimum: 231 iterations to 60,000 images"))
        #expect(page.contains("results/linear.safetensors") && page.contains("77aa88bb"))
        linear.fit?.converged = false
        try ClassificationFiles.write(linear, to: run.folder + "/results")
        #expect(try HTMLReport.render(runFolder: run.folder).contains("The fit ended before its optimum"))
    }

    @Test func whoComputedWhatHappenedAndWhereTheWeightsLieIsOnThePage() throws {
        let run = try SyntheticRun(at: scratch.path)
        let machines = ["127.0.0.1:4711", "127.0.0.1:4712"].map {
            MachineRecord(
                name: "trainer-<0>", role: "trainer", address: $0, compute: "onednn; 2.6.3", productRate: 4.12e11)
        }
        try SyntheticRun.write(lines: machines.map(JSONLine.encode), to: "\(run.folder)/machines.jsonl")
        try FileManager.default.createDirectory(
            atPath: "\(run.folder)/logs", withIntermediateDirectories: true)
        try SyntheticRun.write(
            lines: [
                "2026-01-31T12:00:00.123Z info coordinator trainer-<0> joined",
                "2026-01-31T12:00:07.123Z warning coordinator server-1 left: it closed the line", "a line of an error",
            ], to: "\(run.folder)/logs/coordinator.log")
        let starts = [1, 2].map {
            RunStart(at: "2026-01-31T12:00:00Z", version: "0.7", build: "abc", host: "node", term: $0, dataRoot: "/d")
        }
        try SyntheticRun.write(lines: starts.map(JSONLine.encode), to: "\(run.folder)/starts.jsonl")
        let page = try HTMLReport.render(runFolder: run.folder)
        #expect(
            page.contains("Computed by maws 0.7, build abc, started 2 times, first at 2026-01-31T12:00:00Z on node."))
        #expect(XMLParser(data: Data(page.utf8)).parse())
        #expect(page.components(separatedBy: "<th scope=\"row\">trainer-&lt;0&gt;</th>").count == 1 + 1)
        #expect(page.contains("127.0.0.1:4712") && page.contains("412 GFLOP/s"))
        #expect(page.contains("2026-01-31 12:00:07</time></td><td>server-1 left: it closed the line"))
        #expect(page.contains("lines of the coordinator's log, 1 of them warnings"))
        #expect(page.contains("checkpoints/mae-400</code><span class=\"muted\"> (no longer there)"))
        #expect(page.contains("<h3>Masked autoencoder (mae)</h3>"))
        #expect(page.contains("images/s</tspan>"))
    }

    /// A narrow screen shows a row's figures one below the other, each with its name.
    @Test func figuresKeepTheirNamesOnAPhone() throws {
        let page = try HTMLReport.render(runFolder: SyntheticRun(at: scratch.path).folder)
        for title in ["steps", "images/s", "loss", "top-1"] { #expect(page.contains("data-title=\"\(title)\"")) }
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
