import Foundation
import MawsBase
import MawsData
import MawsDataTools
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTestSupport
import MawsTraining
import Testing

@Suite struct ZeroShotClassifierTests {
    private let folder: String
    private let fixture: LiTFixture
    private let tokenizer: Tokenizer
    private static let templates = ["a {}", "my {} is a {}", "the {}"]
    private static let classes = [["boot", "shoe"], ["bag"], ["coat", "top", "shirt"]]

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Self.templates.joined(separator: "\n").write(
            toFile: "\(folder)/templates.txt", atomically: true, encoding: .utf8)
        try Self.classes.map { $0.joined(separator: ", ") }.joined(separator: "\n").write(
            toFile: "\(folder)/classes.txt", atomically: true, encoding: .utf8)
        fixture = try LiTFixture(kind: .zeroshot, templates: "templates.txt", classes: "classes.txt")
        let trainer = try TokenizerTrainer(output: "\(folder)/tokenizer.model")
        for name in Self.classes.joined() {
            for template in Self.templates { try trainer.add(template.replacing("{}", with: name)) }
        }
        try trainer.train(size: 30)
        tokenizer = try Tokenizer(model: "\(folder)/tokenizer.model", context: LiTFixture.context)
    }

    /// A row times the projection, of unit length.
    private func project(_ hidden: [Float]) throws -> [Double] {
        let weight = try fixture.golden.floats("weight.text_projection.weight")
        return unit(
            (0..<LiTFixture.embedding).map { output in
                (0..<16).reduce(0.0) { $0 + Double(hidden[$1]) * Double(weight[output * 16 + $1]) }
            })
    }

    private func unit(_ row: [Double]) -> [Double] {
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return row.map { $0 / length }
    }

    /// Prompt by prompt: the mean of the unit-length embeddings, of unit length again.
    private func classEmbedding(_ names: [String]) throws -> [Double] {
        let text = try #require(fixture.plan.model.text)
        let tower = TextTower(text, table: fixture.table, backend: fixture.backend)
        let rows = try names.flatMap { name in Self.templates.map { $0.replacing("{}", with: name) } }.map { prompt in
            let batch = TextBatch(tokens: tokenizer.encode(prompt), context: LiTFixture.context)
            let activations = try tower.forward(
                batch, keeps: .nothing, workspace: Workspace(), weights: fixture.weights())
            return try project(activations.begin.array)
        }
        return unit((0..<LiTFixture.embedding).map { column in rows.reduce(0) { $0 + $1[column] } })
    }

    @Test func scoresAreCosinesWithTheMeanOfEachClassesPrompts() throws {
        #expect(tokenizer.vocabularySize <= 40)
        let classifier = try ZeroShotClassifier(
            plan: fixture.plan, stage: fixture.stage, tokenizer: tokenizer, root: folder, backend: fixture.backend)
        #expect(classifier.classNames == ["boot", "bag", "coat"])
        var batch = try fixture.batch(0..<6)
        let classes = [0, 1, 2, -1, 0, 1]
        batch.target = ClassTarget(classes)
        let result = try classifier.classify(batch, weights: fixture.weights())
        let embeddings = try Self.classes.map(classEmbedding)
        let images = try fixture.golden.floats("image_rows")
        for (row, sample) in result.enumerated() {
            let cosines = embeddings.map { embedding in
                (0..<LiTFixture.embedding).reduce(0.0) {
                    $0 + embedding[$1] * Double(images[row * LiTFixture.embedding + $1])
                }
            }
            #expect(sample.sample == row && sample.truth == classes[row])
            #expect(cosines[sample.prediction] == cosines.max())
            #expect(abs(Double(sample.score) - cosines[sample.prediction]) < 1e-5)
            #expect(abs(Double(sample.truthScore) - (sample.truth < 0 ? 0 : cosines[sample.truth])) < 1e-5)
        }
    }

    @Test func batchesInPartsGiveTheSamePredictions() throws {
        let classifier = try ZeroShotClassifier(
            plan: fixture.plan, stage: fixture.stage, tokenizer: tokenizer, root: folder, backend: fixture.backend)
        let weights = try fixture.weights()
        let whole = try classifier.classify(fixture.batch(0..<6), weights: weights)
        let parts = try [0..<4, 4..<4, 4..<6].flatMap { try classifier.classify(fixture.batch($0), weights: weights) }
        #expect(whole.map(\.prediction) == parts.map(\.prediction))
        #expect(weights.held == 0)
    }
}
