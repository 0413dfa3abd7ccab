import MawsRig
import Testing

/// Each of the oracle's questions finds what is forged, and nothing where nothing is.
@Suite struct OracleTests {
    private static let seed: UInt64 = 7
    private let shape: RunShape
    private let truth: Truth
    private let oracle: Oracle
    private let trained: Int

    init() {
        let arithmetic = Arithmetic(seed: Self.seed, shape: RunShape(seed: Self.seed))
        shape = RunShape(seed: Self.seed)
        truth = Truth(arithmetic)
        oracle = Oracle(truth, shape)
        trained = shape.stages[0].blocks.firstIndex(where: \.isTrainable) ?? 0
    }

    private var gradient: [Cell] { truth.stages[0].steps[0].gradient[trained] }
    private var version: Truth.Version { truth.stages[0].versions[1] }

    private func commit(_ step: UInt64, by coordinator: AnyObject, _ change: (inout [Double]) -> Void = { _ in }) {
        let due = truth.stages[0].steps[Int(step)]
        var values = [due.norm, due.clipScale, due.loss, due.rate]
        change(&values)
        oracle.committed(stage: 0, step: step, values: values, by: ObjectIdentifier(coordinator))
    }

    @Test func aTrueHistoryIsTrue() {
        let coordinator = Marker()
        oracle.coordinatorStarted(ObjectIdentifier(coordinator), stage: 0, step: 0)
        oracle.reduced(stage: 0, step: 0, block: trained, from: 0, gradient)
        commit(0, by: coordinator)
        oracle.applied(
            stage: 0, version: 1, block: trained, from: 0, version.weights[trained].map(\.digest),
            version.slots[trained])
        oracle.gathered(0, 1, block: trained, from: 0, version.weights[trained], by: "trainer")
        oracle.checkpoint(0, 1, version.weights.map { $0.map(\.digest) }, version.slots)
        oracle.coordinatorStarted(ObjectIdentifier(coordinator), stage: 0, step: 1)
        #expect(oracle.finding == nil)
    }

    @Test func aUnitThatCountsTwiceIsFound() {
        var cells = gradient
        cells[0].units += 1
        cells[0].digest ^= 1
        oracle.reduced(stage: 0, step: 0, block: trained, from: 0, cells)
        #expect(oracle.finding?.kind == .units)
    }

    @Test func aSumOfTheRightUnitsInAnotherOrderIsFound() {
        var cells = gradient
        cells[0].digest ^= 1
        oracle.reduced(stage: 0, step: 0, block: trained, from: 0, cells)
        #expect(oracle.finding?.kind == .gradient)
    }

    @Test func otherWeightsAreFoundWhereTheyAreMade() {
        var weights = version.weights[trained].map(\.digest)
        weights[0] ^= 1
        oracle.applied(stage: 0, version: 1, block: trained, from: 0, weights, version.slots[trained])
        #expect(oracle.finding?.kind == .weights)
    }

    @Test func theVersionBeforeIsNotTheVersion() {
        let before = truth.stages[0].versions[0].weights[trained]
        oracle.gathered(0, 1, block: trained, from: 0, before, by: "trainer")
        #expect(oracle.finding?.kind == .reading)
    }

    @Test func aCommitWithAnotherNormIsFound() {
        let coordinator = Marker()
        oracle.coordinatorStarted(ObjectIdentifier(coordinator), stage: 0, step: 0)
        commit(0, by: coordinator) { $0[0] += 1 }
        #expect(oracle.finding?.kind == .commit)
    }

    @Test func aSecondCommittingCoordinatorIsFound() {
        let (first, second) = (Marker(), Marker())
        oracle.coordinatorStarted(ObjectIdentifier(first), stage: 0, step: 0)
        oracle.coordinatorStarted(ObjectIdentifier(second), stage: 0, step: 0)
        commit(0, by: first)
        #expect(oracle.finding?.kind == .twoCoordinators)
    }

    @Test func aCommittedStepThatIsForgottenIsFound() {
        let coordinator = Marker()
        oracle.coordinatorStarted(ObjectIdentifier(coordinator), stage: 0, step: 0)
        commit(0, by: coordinator)
        oracle.coordinatorStarted(ObjectIdentifier(coordinator), stage: 0, step: 0)
        #expect(oracle.finding?.kind == .lost)
    }

    @Test(arguments: [true, false]) func aRunGoesBackForALostStateAlone(isLost: Bool) {
        let coordinator = Marker()
        oracle.coordinatorStarted(ObjectIdentifier(coordinator), stage: 0, step: 0)
        commit(0, by: coordinator)
        if isLost { oracle.stateWasLost() }
        oracle.rolledBack(0, 0)
        #expect(oracle.finding?.kind == (isLost ? nil : .lost))
    }

    @Test func aStepThatNobodyCommittedIsNoBeginning() {
        oracle.coordinatorStarted(ObjectIdentifier(Marker()), stage: 0, step: 1)
        #expect(oracle.finding?.kind == .commit)
    }

    @Test func aCheckpointOfAnotherVersionIsFound() {
        oracle.checkpoint(0, 0, version.weights.map { $0.map(\.digest) }, version.slots)
        #expect(oracle.finding?.kind == .checkpoint)
    }

    @Test func aRunThatLeavesNoFinalCheckpointIsFound() {
        oracle.finished([])
        #expect(oracle.finding?.kind == .checkpoint)
    }

    @Test func memoryAboveItsLimitIsFound() {
        oracle.uses(100, of: 90, largest: 100)
        #expect(oracle.finding == nil)
        oracle.uses(101, of: 90, largest: 100)
        #expect(oracle.finding?.kind == .memory)
    }

    @Test func whatACoreSaysOfItselfAndWhoeverIsWrongedIsFound() {
        oracle.check([], of: "core")
        #expect(oracle.finding == nil)
        oracle.breach("it pushes", by: "trainer", at: "server")
        #expect(oracle.finding?.kind == .blame)
        let other = Oracle(truth, shape)
        other.check(["a lease stands for two units"], of: "core")
        #expect(other.finding?.kind == .invariant)
    }

    private final class Marker {}
}
