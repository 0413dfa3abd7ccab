import MawsRig
import Testing

@Suite struct AgendaTests {
    @Test func whatHappensIsInOrderOfTimeThenOfWriting() {
        var chance = Chance(seed: 3, .shape)
        var agenda = Agenda()
        var seen: [(at: UInt64, number: Int)] = []
        for number in 0..<500 {
            let at = UInt64(chance.below(40))
            agenda.put(at: at, nil) { seen.append((at, number)) }
        }
        while let entry = agenda.take() { entry.body() }
        #expect(seen.count == 500)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func whatIsPostponedKeepsItsPlaceAmongOthersOfItsMoment() {
        var agenda = Agenda()
        var seen: [Int] = []
        agenda.put(at: 1, nil) { seen.append(0) }
        agenda.put(at: 5, nil) { seen.append(1) }
        if let first = agenda.take() { agenda.postpone(first, to: 5) }
        while let entry = agenda.take() { entry.body() }
        #expect(seen == [0, 1])
    }
}
