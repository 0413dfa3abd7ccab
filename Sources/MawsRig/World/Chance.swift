import MawsBase

/// Numbers drawn in a simulated world: one stream for each purpose and place, each a function of the seed and of how
/// often it was drawn from, so that what one fault changes leaves the draws of others as they were.
package struct Chance {
    /// What a stream is for.
    package enum Stream: UInt32 {
        case shape = 1
        case faults, network, work, disk, restarts, tampering
    }

    private var random: CounterRandom

    package init(seed: UInt64, _ stream: Stream, _ place: Int = 0) {
        random = CounterRandom(seed: seed, purpose: .simulation, stage: stream.rawValue, element: UInt64(place))
    }

    package mutating func number() -> UInt64 { random.nextUInt64() }

    /// Uniform in 0..<bound.
    package mutating func below(_ bound: Int) -> Int { random.below(bound) }

    package mutating func seconds(_ range: ClosedRange<Double>) -> Double { random.uniform(in: range) }

    package mutating func happens(_ probability: Double) -> Bool { random.uniformDouble() < probability }

    package mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
}
