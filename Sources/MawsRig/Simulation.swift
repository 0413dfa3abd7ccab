import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire

/// One simulated world.
package final class Simulation {
    private let seed: UInt64
    private var agenda = Agenda()

    package init(seed: UInt64) { self.seed = seed }

    /// - Returns: how many things happened.
    package func run() -> Int {
        var chance = Chance(seed: seed, .shape)
        var count = 0
        for _ in 0..<chance.below(16) { agenda.put(at: chance.number(), nil) { count += 1 } }
        while let entry = agenda.take() { entry.body() }
        return count
    }
}
