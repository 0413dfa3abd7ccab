import MawsCoordinator
import MawsProtocol
import Testing

/// The sentence that ends a run, or goes to its log, names what is wrong and no more than a person reads.
struct NonFiniteStepTests {
    private func step(units: [UInt32], blocks: [String]) -> NonFiniteStep {
        NonFiniteStep(stage: "mae", step: 3, values: NonFiniteValues(units: units, blocks: blocks))
    }

    @Test func unitsAndBlocksAreNamed() {
        let step = step(units: [5], blocks: ["blocks.0", "head"])
        #expect(
            "\(step)"
                == "stage mae, step 3: the loss of unit 5 and the gradient of blocks blocks.0, head is not finite")
    }

    @Test func manyAreCounted() {
        let step = step(units: Array(0..<9), blocks: [])
        #expect("\(step)" == "stage mae, step 3: the loss of units 0, 1, 2, 3 and 5 more is not finite")
    }

    /// Each is finite by itself, and their sum is not.
    @Test func aNormThatOverflowsIsSaid() {
        let step = step(units: [], blocks: [])
        #expect("\(step)" == "stage mae, step 3: the loss or the gradient's norm is not finite")
    }
}
