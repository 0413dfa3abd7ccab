import MawsPlan
import Testing

struct InputSpecificationTests {
    /// What is asked before there is a model is what the inputs and the target then say.
    @Test func everyKindsInputsAndTargetAreWhatItSaysThatItLearns() throws {
        let plan = try PlanFixture().parse(PlanFixture.plan)
        #expect(Set(plan.stages.map(\.kind)) == Set(StageKinds.all.map { $0.kind }))
        for stage in plan.stages {
            let inputs = stage.inputs(in: plan)
            #expect(stage.learnsCaptions == inputs.contains { $0.content == .caption }, "\(stage.name)")
            #expect(type(of: stage.task).learnsLabels == (stage.needs.labelCount != nil), "\(stage.name)")
            #expect(Set(inputs.map(\.name)).count == inputs.count, "\(stage.name)")
            #expect(inputs.allSatisfy { input in input.standsFor.map { $0 != input.name } ?? true })
        }
    }
}
