import Foundation
import MawsData
import MawsDataTools
import MawsImages
import MawsReport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct LabelPageTests {
    /// `dress` on 1000 samples, `coat` on 100, `shoe` on 3, and what means nothing.
    private static func report() throws -> LabelReport {
        let wordNet = try WordNet()
        var survey = LabelSurvey(wordNet, mapper: HashtagMapper(wordNet))
        for number in 0..<1000 {
            survey.add(
                ["dress", "<ootd>"] + (number % 10 == 0 ? ["coats"] : []) + (number < 3 ? ["shoe"] : [])
                    + (number == 0 ? ["2024"] : []))
        }
        return try survey.report(sampleCountMin: 50)
    }

    @Test func theTableSaysWhatWasMappedAndDroppedAndWhy() throws {
        let lines = LabelTable.draw(try Self.report()).split(separator: "\n").map(String.init)
        #expect(lines[0] == "1,000 samples, 100.0 % of them with a label; 5 different hashtags in 2,104 uses")
        #expect(
            lines[1] == "3 hashtags mean 3 nouns of WordNet: 2 labels have at least 50 samples, 1 are rare")
        #expect(lines.contains { $0.hasPrefix("n03236735    1,000  dress, frock  #dress") })
        #expect(lines.contains { $0.hasPrefix("no noun of WordNet") && $0.hasSuffix("1  1,000  #<ootd> 1,000") })
        #expect(lines.contains { $0.hasPrefix("no letters") && $0.hasSuffix("#2024 1") })
        #expect(lines.contains { $0.hasPrefix("label with fewer than 50 samples") && $0.hasSuffix("shoe 3") })
    }

    @Test func theCurveFallsFromTheMostFrequentLabel() throws {
        let plot = RankPlot.draw(counts: (1...500).map { 100_000 / $0 })
        let lines = plot.split(separator: "\n")
        #expect(lines.count == 14)
        let heights = (13..<73).map { column in
            lines.prefix(12).count { Array($0).indices.contains(column) && Array($0)[column] != " " }
        }
        #expect(heights[0] == 12 && heights == heights.sorted(by: >) && heights[50] < 8)
        #expect(lines[13].contains("1,000") && lines[0].hasPrefix("            ┤"))
        #expect(RankPlot.draw(counts: []) == "")
        #expect(RankPlot.draw(counts: [1]).contains("┤"))
    }

    @Test func thePageIsWellFormedAndNamesEverything() throws {
        let page = LabelPage.render(try Self.report(), title: "a & b")
        #expect(XMLParser(data: Data(page.utf8)).parse())
        for text in ["Labels of a &amp; b", "n03236735", "dress, frock", "#coats", "#&lt;ootd&gt; 1,000", "<polyline"] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func leaksStandBesideTheirEvaluationImages() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/maws-leaks-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pixels = (0..<256).map { UInt8($0 % 16 * $0 / 16) }
        let png = try PNGEncoder.encode(PixelImage(width: 16, height: 16, channels: 1, pixels: pixels))
        for name in ["train", "test"] {
            let writer = try TarWriter(path: "\(folder)/\(name).tar")
            try writer.append(name: "\(name)-0.png", png)
            try writer.finish()
        }
        let found = try Deduplication(
            shards: [folder + "/train.tar"], evaluation: [folder + "/test.tar"], radius: 0, temporary: folder)
        try LeakPage(found).write(to: folder + "/leaks.html")
        let page = try String(contentsOfFile: folder + "/leaks.html", encoding: .utf8)
        #expect(XMLParser(data: Data(page.utf8)).parse())
        #expect(page.contains("0 of 64 bits differ") && page.contains("1 of 1 samples look like one of 1 "))
        #expect(page.contains("train.tar train-0") && page.contains("data:image/png;base64,"))
        #expect(DuplicateTable.draw(found).contains("looks like"))
    }

    @Test func theBarShowsShareAndTimeLeft() {
        let bar = ProgressBar("packing", isTerminal: true, write: { _ in })
        #expect(
            bar.line(0.5, seconds: 30)
                == "packing \(String(repeating: "█", count: 15))\(String(repeating: "░", count: 15)) 50.0 %, 30 s left")
        var written = ""
        let silent = ProgressBar("packing", isTerminal: false, write: { written += $0 })
        silent.show(0.3)
        silent.finish()
        #expect(written.isEmpty)
    }
}
