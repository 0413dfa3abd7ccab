import Foundation
import MawsHash
import MawsRecords
import MawsTraining
import Testing

@Suite struct EvaluationFilesTests {
    private let scratch: ScratchFolder
    private let results: String

    init() throws {
        scratch = try ScratchFolder()
        results = scratch.path + "/results"
        try FileManager.default.createDirectory(atPath: results, withIntermediateDirectories: true)
    }

    private func result() -> ClassificationResult {
        var fit = ProbeFit(
            samples: 40, penalty: 1, iterations: 231, objective: 0.25, gradientMax: 9e-7, tolerance: 1e-6,
            converged: true)
        let floats = [1, 2, 3, 4, 5, 6] as [Float]
        fit.head = ProbeHead(weight: Self.bytes(floats), bias: Self.bytes([7, 8]))
        return ClassificationResult(
            stage: "linear", split: "test", classNames: ["bag", "coat"],
            samples: [
                ClassificationResult.Sample(
                    sample: 0, key: "photos/a \"b\"", truth: 1, prediction: 0, score: 0.75, truthScore: 0.25),
                ClassificationResult.Sample(sample: 1, key: "c", truth: -1, prediction: 1, score: 0.5, truthScore: 0),
                ClassificationResult.Sample(sample: 2, key: "d", truth: 0, scores: [.nan, 1]),
            ], fit: fit)
    }

    private static func bytes(_ floats: [Float]) -> Data {
        Data(floats.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } })
    }

    @Test func aResultIsReadAsItWasWritten() throws {
        let written = try ClassificationFiles.write(result(), to: results)
        let read = try #require(RunFolder(scratch.path).classifications().first)
        #expect(read == written)
        #expect(read.samples == result().samples)
        #expect(read.fit?.iterations == 231 && read.fit?.converged == true && read.fit?.head == nil)
        #expect(read.scoredCount == 2 && read.unlabelledCount == 1 && read.unpredictedCount == 1)
    }

    @Test func everySampleHasALineWithKeyClassAndPrediction() throws {
        try ClassificationFiles.write(result(), to: results)
        let text = try String(contentsOfFile: results + "/linear.predictions.jsonl", encoding: .utf8)
        let lines = try text.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(lines.map { $0["key"] as? String } == ["photos/a \"b\"", "c", "d"])
        #expect(lines.map { $0["class"] as? String } == ["coat", nil, "bag"])
        #expect(lines.map { $0["prediction"] as? String } == ["bag", "coat", nil])
        #expect(lines.map { $0["predictionIndex"] as? Int } == [0, 1, -1])
        #expect(lines[0]["score"] as? Double == 0.75)
    }

    @Test func theProbesWeightsLieBesideItWithTheirHash() throws {
        let written = try ClassificationFiles.write(result(), to: results)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: results + "/linear.safetensors")))
        #expect(written.fit?.weightsFile == "linear.safetensors")
        #expect(written.fit?.weightsHash == Hash.hexadecimal(of: bytes))
        let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: [String: Any]])
        #expect(header["head.weight"]?["shape"] as? [Int] == [2, 3])
        #expect(header["head.bias"]?["shape"] as? [Int] == [2])
        #expect(Data(bytes[(8 + length)...]) == Self.bytes([1, 2, 3, 4, 5, 6, 7, 8]))
    }

    /// Runs of earlier versions have the samples in the result itself.
    @Test func resultsOfEarlierVersionsStayReadable() throws {
        let old = """
            {"classNames":["bag","coat"],\
            "samples":[{"prediction":1,"sample":7,"score":0.5,"truth":1,"truthScore":0.5}],\
            "split":"test","stage":"zeroshot"}
            """
        try old.write(toFile: results + "/zeroshot.json", atomically: true, encoding: .utf8)
        let read = try #require(RunFolder(scratch.path).classifications().first)
        #expect(read.accuracy == 1 && read.samples.map(\.sample) == [7] && read.fit == nil)
    }
}
