/// What a proxy does to what passes.
struct LinkRule: Hashable, Sendable {
    /// Nothing passes towards who was dialed.
    var isForwardBlocked = false
    /// Nothing passes towards who dialed.
    var isBackwardBlocked = false
    var delaySeconds = 0.0
    /// Nil: as fast as the sockets are.
    var bytesPerSecond: Double?
    /// The next piece is passed on with one bit changed.
    var corruptsNext = false

    static let whole = LinkRule()
}
