/// The ways between the cores' states that there are, as their code has them: what worlds have not come through is
/// said.
extension CoverageCount {
    private static let ways: [(core: Coverage.Core, from: String, to: String)] = [
        (.coordinator, "preparing", "assembling searching ended"),
        (.coordinator, "searching", "assembling ended"),
        (.coordinator, "assembling", "computing deciding checkpointing searching preparing ended"),
        (.coordinator, "computing", "deciding assembling checkpointing preparing ended"),
        // The shell decides at once: nothing comes between.
        (.coordinator, "deciding", "applying"),
        (.coordinator, "applying", "computing checkpointing assembling"),
        (.coordinator, "checkpointing", "computing preparing assembling ended"),
        (.shard, "empty", "opening restoring"),
        (.shard, "opening", "serving empty restoring"),
        (.shard, "restoring", "sealing"),
        (.shard, "sealing", "serving restoring"),
        (.shard, "serving", "applying restoring empty"),
        (.shard, "applying", "serving empty restoring"),
        // Who keeps to the protocol ends no session.
        (.session, "greeting", "idle"),
        (.session, "idle", "announced asking confirming"),
        (.session, "announced", "idle awaitingMemory receiving"),
        (.session, "awaitingMemory", "receiving idle"),
        (.session, "receiving", "delivered"),
        (.session, "delivered", "idle"),
        (.session, "asking", "idle"),
        (.session, "confirming", "idle"),
        (.exchange, "closed", "dialing"),
        (.exchange, "dialing", "sending closed"),
        (.exchange, "sending", "receiving idle closed dialing"),
        (.exchange, "receiving", "reading sending idle closed dialing"),
        (.exchange, "reading", "receiving sending idle closed dialing"),
        (.exchange, "idle", "sending"),
        (.trainer, "down", "connecting"),
        (.trainer, "connecting", "greeting down"),
        (.trainer, "greeting", "preparing ready computing down"),
        (.trainer, "preparing", "ready down"),
        (.trainer, "ready", "computing down"),
        (.trainer, "computing", "ready down"),
        (.checkpoint, "idle", "collecting"),
        (.checkpoint, "collecting", "sealing idle"),
        (.checkpoint, "sealing", "idle"),
    ]

    /// All states and ways that worlds can come through.
    package static var expected: [Place] {
        var places = Set<Place>()
        for (core, from, ends) in ways {
            places.insert(Place(core: core.rawValue, from: from, to: nil))
            for end in ends.split(separator: " ").map(String.init) {
                places.insert(Place(core: core.rawValue, from: end, to: nil))
                places.insert(Place(core: core.rawValue, from: from, to: end))
            }
        }
        return places.sorted()
    }

    package var missing: [Place] { Self.expected.filter { seen[$0] == nil } }
    /// What was seen and is no way that the code was thought to have.
    package var unexpected: [Place] {
        let expected = Set(Self.expected)
        return seen.keys.filter { !expected.contains($0) }.sorted()
    }

    package var share: Double { 1 - Double(missing.count) / Double(Self.expected.count) }
}

extension CoverageCount.Place: CustomStringConvertible {
    package var description: String { to.map { "\(core) \(from) > \($0)" } ?? "\(core) \(from)" }
}
