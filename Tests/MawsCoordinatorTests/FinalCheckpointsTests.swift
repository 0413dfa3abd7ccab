import MawsCoordinator
import Testing

/// What is said of what a finished run has lost.
struct FinalCheckpointsTests {
    @Test func oneSentenceSaysWhatWasDamaged() throws {
        let stages = try RunFixture().catalog.stages
        #expect(
            FinalCheckpoints.finding([stages[1]])
                == "the final checkpoint of more was damaged and is set aside")
        #expect(FinalCheckpoints.finding([stages[2]]) == "the result of linear was damaged and is set aside")
        #expect(
            FinalCheckpoints.finding(stages)
                == "the final checkpoints of mae and more and the result of linear were damaged and are set aside")
    }
}
