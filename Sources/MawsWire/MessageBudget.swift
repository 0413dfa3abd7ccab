import MawsBase

/// What a process takes from one peer, by who the peer is and how far it has come: which messages, how large, how many
/// at once, and how much may wait for it. `Protocol/wire.md` has the same table.
package struct MessageBudget: Hashable, Sendable {
    /// What the peer is called in a refusal.
    package let sender: String
    /// Kinds that it may send, each with the most bytes of its body.
    package let bodyBytesMax: [MessageKind: Int]
    /// Frames that it may send one after the other, and in a second from then on.
    package let messagesAtOnce: Double
    package let messagesPerSecond: Double
    /// Whether a peer that sends more is refused; if not, it is read no faster than that.
    package let refusesFloods: Bool
    /// How many of its messages may wait to be handled; it is not read while there are as many, or as many bytes.
    package let waitingMax: Int
    package let waitingBytesMax: Int
    /// Bytes of frames that wait to be sent to it; one that lets more gather is not reading, and is closed.
    package let unsentBytesMax: Int
    /// Connections that may be open at once with one certificate.
    package let connectionsMax: Int

    /// - Parameter bodies: kinds with another limit than their own.
    init(
        _ sender: String, _ kinds: [MessageKind], bodies: [MessageKind: Int] = [:], messagesAtOnce: Double = 20_000,
        messagesPerSecond: Double = 5000, refusesFloods: Bool = false, waitingMax: Int = 64,
        waitingBytesMax: Int = 1 << 20, unsentBytesMax: Int = 1 << 20, connectionsMax: Int = 4096
    ) {
        self.sender = sender
        bodyBytesMax = Dictionary(uniqueKeysWithValues: kinds.map { ($0, bodies[$0] ?? $0.bodyLimit) })
        (self.messagesAtOnce, self.messagesPerSecond) = (messagesAtOnce, messagesPerSecond)
        self.refusesFloods = refusesFloods
        (self.waitingMax, self.waitingBytesMax) = (waitingMax, waitingBytesMax)
        (self.unsentBytesMax, self.connectionsMax) = (unsentBytesMax, connectionsMax)
    }

    /// Whoever has a certificate, before its hello.
    package static let stranger = MessageBudget(
        "a peer that has not said hello", [.hello, .linkRequest, .bulk], messagesAtOnce: 1, messagesPerSecond: 0,
        refusesFloods: true,
        waitingMax: 1, waitingBytesMax: 64 << 10)

    /// At the coordinator.
    package static let viewer = MessageBudget(
        "a viewer", [.heartbeat, .statusRequest], messagesAtOnce: 100, messagesPerSecond: 20, refusesFloods: true,
        waitingMax: 4, waitingBytesMax: 4 << 10, unsentBytesMax: 256 << 10, connectionsMax: 32)

    /// At the coordinator, before it said what its data is.
    package static let guest = MessageBudget(
        "a trainer that was not admitted", [.hello, .heartbeat], messagesAtOnce: 100, messagesPerSecond: 20,
        refusesFloods: true, waitingMax: 4, waitingBytesMax: 64 << 10)

    /// At the coordinator, from when it was admitted.
    package static let trainer = MessageBudget(
        "a trainer", [.hello, .heartbeat, .leaseRequest, .unitDone, .unitFailed], bodies: [.unitDone: 1 << 20],
        waitingBytesMax: 2 << 20)

    /// The same where the plan has evaluations, whose results are large.
    package static let examiner = MessageBudget(
        "a trainer", [.hello, .heartbeat, .leaseRequest, .unitDone, .unitFailed], waitingBytesMax: 64 << 20)

    /// At the coordinator.
    package static let server = MessageBudget(
        "a server", [.heartbeat, .restored, .reduced, .applied, .unavailable],
        waitingBytesMax: 64 << 20, unsentBytesMax: 128 << 20)

    /// At the coordinator, on a server's connection for tensors.
    package static let bulk = MessageBudget(
        "a server, for tensors,", [.heartbeat, .restoreRequest, .snapshotSlice, .unavailable],
        unsentBytesMax: 16 << 20)

    /// At a server.
    package static let shardClient = MessageBudget(
        "a trainer", [.heartbeat, .gather, .push, .flush, .shareRows, .gatherRows, .linkRequest], connectionsMax: 8192)

    /// At a server and at a trainer, which chose whom they dialed: every kind has its own limit.
    package static let dialed = MessageBudget("the peer", MessageKind.allCases)
}

/// Counts what a peer sends against what it may: so many at once, and so many a second.
package struct TokenBucket: Hashable, Sendable {
    private let size: Double
    private let perSecond: Double
    private var level: Double
    private var at: Moment

    package init(size: Double, perSecond: Double, now: Moment) {
        (self.size, self.perSecond, level, at) = (size, perSecond, size, now)
    }

    /// Takes one.
    ///
    /// - Returns: seconds until there is one again, if there was none; 0 otherwise.
    package mutating func take(_ now: Moment) -> Double {
        level = min(size, level + perSecond * now.seconds(since: at))
        at = now
        guard level < 1 else {
            level -= 1
            return 0
        }
        return perSecond > 0 ? (1 - level) / perSecond : .infinity
    }
}
