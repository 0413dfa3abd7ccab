import MawsRig
import Testing

/// Worlds that are the same on every machine, with the faults that their seeds draw.
@Suite struct SimulationTests {
    @Test(arguments: 0..<10) func fiveHundredWorldsComeToTheTruth(part: Int) {
        for seed in UInt64(50 * part + 1)...UInt64(50 * part + 50) {
            let outcome = Simulation(seed: seed).run()
            #expect(outcome.finding == nil, "seed \(seed): \(outcome.finding.map { $0.text } ?? "")")
        }
    }

    @Test func oneSeedIsOneWorld() {
        for seed in UInt64(1)...12 {
            let (first, second) = (Simulation(seed: seed).run(), Simulation(seed: seed).run())
            #expect(first.traceHash == second.traceHash)
            #expect(first.eventCount == second.eventCount)
        }
    }

    @Test func seedsAreDifferentWorlds() {
        let hashes = Set((UInt64(1)...12).map { Simulation(seed: $0).run().traceHash })
        #expect(hashes.count == 12)
    }

    @Test func worldsHaveFaultsAndTimeToStumbleOverThem() {
        let outcomes = (UInt64(1)...40).map { Simulation(seed: $0).run() }
        #expect(outcomes.reduce(0) { $0 + $1.faultCount } > 40)
    }

    @Test func whereAStateIsLostStepsAreComputedAgain() {
        #expect((UInt64(1)...1000).contains { Simulation(seed: $0).run().recomputedSteps > 0 })
    }
}
