import MawsRig
import Testing

@Suite struct AgendaTests {
    @Test func whatHappensIsInOrderOfTimeThenOfWriting() {
        var chance = Chance(seed: 3, .shape)
        var agenda = Agenda<Int>()
        for number in 0..<500 { agenda.put(at: UInt64(chance.below(40)), number) }
        var seen: [(at: UInt64, number: Int)] = []
        while let entry = agenda.take() { seen.append((entry.at, entry.deed)) }
        #expect(seen.count == 500)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func whatIsPostponedKeepsItsPlaceAmongOthersOfItsMoment() {
        var agenda = Agenda<Int>()
        agenda.put(at: 1, 0)
        agenda.put(at: 5, 1)
        if let first = agenda.take() { agenda.postpone(first, to: 5) }
        var seen: [Int] = []
        while let entry = agenda.take() { seen.append(entry.deed) }
        #expect(seen == [0, 1])
    }
}
