import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// What a lease's code covers.
@Suite struct LeaseSealTests {
    private let seal = LeaseSeal(key: AuthenticationCode(bytes: Array(repeating: 9, count: 32)))
    private let place = (term: Term(3), stage: StageIndex(1), step: StepIndex(5))

    private var grant: LeaseGrant {
        seal.grant(place, phase: 1, first: UnitIndex(4), count: 4, mayBeNonFinite: false, holder: "gpu-7")
    }

    @Test func theHolderMaySendItsUnitsAndTheirNodes() {
        for (unit, level) in [(UInt32(4), UInt8(0)), (7, 0), (4, 1), (6, 1), (4, 2)] {
            #expect(seal.allows(grant, place, unit: UnitIndex(unit), level: level, holder: "gpu-7"))
        }
    }

    @Test func nothingElseIsCovered() {
        for (unit, level) in [(UInt32(3), UInt8(0)), (8, 0), (6, 2), (4, 3), (4, 200), (.max, 31)] {
            #expect(!seal.allows(grant, place, unit: UnitIndex(unit), level: level, holder: "gpu-7"))
        }
        #expect(!seal.allows(grant, place, unit: UnitIndex(4), level: 0, holder: "gpu-8"))
        let others = [
            (Term(4), place.stage, place.step), (place.term, StageIndex(2), place.step),
            (place.term, place.stage, StepIndex(6)),
        ]
        for other in others {
            #expect(!seal.allows(grant, other, unit: UnitIndex(4), level: 0, holder: "gpu-7"))
        }
        var changed = grant
        changed.unitCount = 8
        #expect(!seal.allows(changed, place, unit: UnitIndex(4), level: 0, holder: "gpu-7"))
        changed = grant
        changed.mayBeNonFinite = true
        #expect(!seal.allows(changed, place, unit: UnitIndex(4), level: 0, holder: "gpu-7"))
        changed = grant
        changed.phase = 0
        #expect(!seal.allows(changed, place, unit: UnitIndex(4), level: 0, holder: "gpu-7"))
    }

    /// A server that was not configured has no key, and takes nothing.
    @Test func withoutAKeyNothingIsAllowed() {
        let none = LeaseSeal(key: .none)
        let grant = none.grant(place, phase: 1, first: UnitIndex(4), count: 4, mayBeNonFinite: false, holder: "gpu-7")
        #expect(!none.allows(grant, place, unit: UnitIndex(4), level: 0, holder: "gpu-7"))
    }
}
