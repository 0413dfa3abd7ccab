import Foundation
import MawsRecords
import MawsReport
import MawsTraining
import Testing

/// A report never shows figures of a result that is not what its stage wrote, nor replaces a whole page unsaid.
@Suite struct ResultDamageTests {
    private let scratch: ScratchFolder
    private let results: String

    init() throws {
        scratch = try ScratchFolder()
        results = scratch.path + "/results"
    }

    /// A run with its report, and records of its results as a coordinator writes them.
    /// - Parameter hashed: whether the records have the files' hashes, as those of earlier versions have not.
    private func run(hashed: Bool) throws -> RunFolder {
        let run = try SyntheticRun(at: scratch.path, steps: 5)
        var linear = SyntheticRun.result("linear", accuracy: 0.86)
        var fit = ProbeFit(
            samples: 40, penalty: 1, iterations: 2, objective: 0.25, gradientMax: 9e-7, tolerance: 1e-6,
            converged: true)
        fit.head = ProbeHead(weight: Data(count: 80), bias: Data(count: 40))
        linear.fit = fit
        try ClassificationFiles.write(linear, to: results)
        try ClassificationFiles.write(SyntheticRun.result("zeroshot", accuracy: 0.79), to: results)
        let folder = RunFolder(run.folder)
        let stages = try folder.stages().map { stage in
            var stage = stage
            if hashed, stage.accuracy != nil {
                stage.resultHashes = try RunResults.hashes(of: stage.stage, kind: stage.kind, in: results)
            }
            return stage
        }
        try SyntheticRun.write(lines: stages.map(JSONLine.encode), to: "\(run.folder)/stages.jsonl")
        #expect(try folder.damage().isEmpty)
        try HTMLReport.write(runFolder: run.folder)
        return folder
    }

    private func change(_ name: String, _ body: (inout Data) -> Void) throws {
        let place = URL(fileURLWithPath: "\(results)/\(name)")
        var bytes = try Data(contentsOf: place)
        body(&bytes)
        try bytes.write(to: place)
    }

    /// The page is beside the good one, which is as it was, and says which file is damaged.
    private func expectSaid(_ file: String, in folder: RunFolder, evaluations: [String] = ["zeroshot"]) throws {
        let good = try String(contentsOfFile: "\(folder.path)/report.html", encoding: .utf8)
        let written = try HTMLReport.write(runFolder: folder.path)
        #expect(written.path.hasSuffix("/report-partial.html"))
        #expect(try String(contentsOfFile: "\(folder.path)/report.html", encoding: .utf8) == good)
        let sentence = try #require(written.damage.first)
        // The plan of this run is a stand-in, which is said too.
        let results = written.damage.filter { $0.hasPrefix("results/") }
        #expect(results == [sentence] && sentence.hasPrefix("results/\(file) "), "\(written.damage)")
        #expect(sentence.contains("Start the run again with maws-coord") && written.description.contains(sentence))
        #expect(written.description.contains("stays as it is"))
        let page = try String(contentsOfFile: written.path, encoding: .utf8)
        #expect(page.contains("<p class=\"alert\">results/\(file) "))
        #expect(try folder.classifications().map(\.stage) == evaluations)
    }

    @Test(arguments: [true, false], [0, 1])
    func predictionsThatWereCutShortAreSaid(hashed: Bool, cutLine: Int) throws {
        let folder = try run(hashed: hashed)
        try change("linear.predictions.jsonl") { bytes in
            let end = bytes[..<(bytes.count / 2)].lastIndex(of: UInt8(ascii: "\n")) ?? 0
            bytes = bytes[...(end + 9 * cutLine)]
        }
        try expectSaid("linear.predictions.jsonl", in: folder)
    }

    @Test(arguments: [true, false], ["linear.json", "linear.predictions.jsonl"])
    func aFileOfAResultThatIsGoneIsSaid(hashed: Bool, name: String) throws {
        let folder = try run(hashed: hashed)
        try FileManager.default.removeItem(atPath: "\(results)/\(name)")
        try expectSaid(name, in: folder)
    }

    @Test(arguments: [true, false])
    func anOutcomeThatIsEmptyOrAFolderIsSaidAndTheOtherResultIsShown(hashed: Bool) throws {
        let folder = try run(hashed: hashed)
        try change("linear.json") { $0 = Data() }
        try expectSaid("linear.json", in: folder)
        try FileManager.default.removeItem(atPath: "\(results)/linear.json")
        try FileManager.default.createDirectory(atPath: "\(results)/linear.json", withIntermediateDirectories: false)
        #expect(try folder.damage().first?.hasPrefix("results/linear.json cannot be read") == true)
    }

    @Test func aFigureThatWasEditedIsSaid() throws {
        let folder = try run(hashed: true)
        try change("linear.json") { bytes in
            let text = String(decoding: bytes, as: UTF8.self).replacing(/"accuracy":[0-9.]+/, with: "\"accuracy\":0.99")
            bytes = Data(text.utf8)
        }
        try expectSaid("linear.json", in: folder)
    }

    @Test(arguments: [true, false])
    func resultsOfTwoStagesThatWereExchangedAreSaid(hashed: Bool) throws {
        let folder = try run(hashed: hashed)
        for name in [".json", ".predictions.jsonl"] {
            let paths = ["linear", "zeroshot"].map { "\(results)/\($0)\(name)" }
            try FileManager.default.moveItem(atPath: paths[0], toPath: scratch.path + "/moved")
            try FileManager.default.moveItem(atPath: paths[1], toPath: paths[0])
            try FileManager.default.moveItem(atPath: scratch.path + "/moved", toPath: paths[1])
        }
        let files = try folder.damage()
        for stage in ["linear", "zeroshot"] { #expect(files.contains { $0.hasPrefix("results/\(stage).json ") }) }
        #expect(try folder.classifications().isEmpty)
    }

    @Test(arguments: [true, false])
    func aProbesWeightsThatAreNotWhatWasFittedAreSaid(hashed: Bool) throws {
        let folder = try run(hashed: hashed)
        try change("linear.safetensors") { $0[$0.count - 5] ^= 1 }
        try expectSaid("linear.safetensors", in: folder, evaluations: ["linear", "zeroshot"])
    }

    @Test func stepsThatAreMissingInTheMetricsAreSaid() throws {
        let folder = try run(hashed: true)
        let lines = try folder.metrics().dropLast(2).map(JSONLine.encode)
        try SyntheticRun.write(lines: lines, to: "\(folder.path)/metrics.jsonl")
        let written = try HTMLReport.write(runFolder: folder.path)
        #expect(written.path.hasSuffix("/report-partial.html"))
        #expect(written.damage.first?.hasPrefix("metrics.jsonl has 3 of the 5 steps of stage lit.") == true)
    }

    /// Everything that said what there should be is gone, too.
    @Test func aPageThatLacksAFigureOrARowStaysBesideTheGoodOne() throws {
        let folder = try run(hashed: true)
        let lines = try folder.stages().filter { $0.stage != "linear" }.map(JSONLine.encode)
        try SyntheticRun.write(lines: lines, to: "\(folder.path)/stages.jsonl")
        try FileManager.default.removeItem(atPath: "\(results)/linear.json")
        let written = try HTMLReport.write(runFolder: folder.path)
        #expect(written.lacks.contains("the figure “Linear probe (linear), top-1”"))
        #expect(written.lacks.contains { $0.contains("1 of the 6 rows of “Result”") }, "\(written.lacks)")
    }
}
