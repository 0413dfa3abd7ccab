import Foundation
import MawsPlan
import Testing

@Suite struct StageTaskTests {
    private static let plan = try? PlanFixture().parse(PlanFixture.plan)

    /// Runs of earlier versions have such plans in their databases, with the fields of all kinds in every stage; and
    /// checkpoints have the hash of this text.
    @Test func aPlanOfAnEarlierVersionLoadsAndHasTheSameHash() throws {
        let golden = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let json = try String(contentsOf: golden.appending(path: "plan-0.9.json"), encoding: .utf8)
        let text = json.trimmingCharacters(in: .newlines)
        let plan = try Plan(json: text)
        #expect(plan.stages.map(\.kind) == [.mae, .wsp, .linear, .lit, .zeroshot])
        #expect(plan.json() == text)
    }

    @Test func aKindThatThereIsNotIsRefusedInOneSentence() throws {
        let json = try #require(Self.plan).json().replacing(#""kind":"mae""#, with: #""kind":"byol""#)
        #expect {
            try Plan(json: json)
        } throws: {
            "\($0)".contains("stages.0.kind has a value that is not allowed")
        }
    }

    /// `subscript` does not turn a stage into one of another kind.
    @Test func aTaskIsReadAndChangedAsItsOwnTypeAlone() throws {
        var stage = try #require(Self.plan?.stage("mae"))
        stage[MAETask.self]?.maskRatio = 0.5
        #expect(stage[MAETask.self]?.maskRatio == 0.5 && stage[WSPTask.self] == nil)
        stage[WSPTask.self] = WSPTask(labelCount: 2)
        #expect(stage[MAETask.self]?.maskRatio == 0.5)
        #expect(stage != Self.plan?.stage("mae"))
    }

    @Test func noTwoKindsShareAName() {
        #expect(Set(StageKinds.all.map { $0.kind }).count == StageKinds.all.count)
    }

    @Test func aStageHasTheModelsImageSizeOrItsOwn() throws {
        let fixture = try PlanFixture()
        let plan = try fixture.parse(PlanFixture.plan("from: mae,", "from: mae, image_size: 32,"))
        #expect(plan.stages.map { $0.image(in: plan).size } == [28, 32, 28, 28, 28])
        #expect(try Plan(json: plan.json()) == plan)
        #expect(try fixture.parse(plan.yaml()).stage("wsp")?.imageSize == 32)
        #expect(
            fixture.sentence(PlanFixture.plan("from: mae,", "from: mae, image_size: 30,"))
                == "plan.yaml:16: stages.wsp.image_size: 30 is not a multiple of the model's `patch`, which is 4.")
    }
}
