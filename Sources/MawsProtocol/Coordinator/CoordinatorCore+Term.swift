import MawsBase
import MawsWire

/// A run whose folder was put back from an earlier time, or whose server process worked for another run before: the
/// server knows terms of starts that the run's records do not have.
extension CoordinatorCore {
    /// No run starts so often: who says more is not believed, and a term still has successors.
    private static let termMax: UInt64 = 1 << 62

    /// Takes a term above the one that a server knows, as it would refuse this coordinator's for good. The other
    /// servers work under the term before; they leave, come back and are told the new one.
    mutating func takeTerm(above known: Term, of name: String) -> [CoordinatorAction] {
        guard known > term, known.value < Self.termMax else { return [] }
        let before = term
        term = Term(known.value + 1)
        // No receipt of theirs is of the new term: nothing counts, and nobody is at fault, until they are back.
        if mode == .computing || mode == .applying || mode == .deciding { mode = .assembling }
        for index in servers.indices { servers[index]?.isBusy = true }
        let fact = RunFact.newerTerm(known, knownBy: name, recorded: before, taken: term)
        return [.keepTerm(term), .note(fact)] + readyServers.map { .refuse($0.peer, .newerTerm) }
    }
}
