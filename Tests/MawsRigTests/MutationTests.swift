import MawsRig
import Testing

/// The rig finds mistakes: those that few seeds are enough for; `maws-rig mutations` makes all of them.
@Suite struct MutationTests {
    /// Seeds from 1 on until each is found, with room for changed draws.
    private static let quick: [(Mutation, seedsMax: UInt64)] = [
        (.sumInOtherOrder, 10), (.leaveUnitOut, 20), (.keepOldWeights, 10), (.checkpointWithoutSlots, 10),
        (.otherClipScale, 20), (.applyPartly, 20), (.loseRestoredSlice, 10), (.doneBeforeFlush, 20),
    ]

    @Test(arguments: quick) func aMistakeIsFound(mutation: Mutation, seedsMax: UInt64) {
        let found = (1...seedsMax).contains { Simulation(seed: $0, mutation: mutation).run().finding != nil }
        #expect(found, "\(mutation.rawValue) is not found in \(seedsMax) seeds")
    }

    @Test func thereAreEnoughOfThem() {
        #expect(Mutation.allCases.count >= 20)
    }

    @Test func aScheduleShrinksToTheFaultsThatAreNeeded() throws {
        // Without any fault nothing restarts, and nobody misses what was not synchronised.
        let seeds = (UInt64(1)...400).lazy.filter { seed in
            Simulation(seed: seed).faultCount > 3
                && Simulation(seed: seed, mutation: .acknowledgeBeforeSync).run().finding?.kind == .lost
        }
        let seed = try #require(seeds.first)
        var shrinker = Shrinker(seed: seed, mutation: .acknowledgeBeforeSync)
        let kept = shrinker.shrink(.lost)
        #expect(!kept.isEmpty && kept.count < Simulation(seed: seed).faultCount)
        let again = Simulation(seed: seed, mutation: .acknowledgeBeforeSync, keeping: Set(kept)).run()
        #expect(again.finding?.kind == .lost)
        let without = Simulation(seed: seed, mutation: .acknowledgeBeforeSync, keeping: []).run()
        #expect(without.finding?.kind != .lost)
    }
}
