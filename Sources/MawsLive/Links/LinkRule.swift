/// What a proxy does to what passes.
package struct LinkRule: Hashable, Sendable {
    /// Nothing passes towards who was dialed.
    package var isForwardBlocked = false
    /// Nothing passes towards who dialed.
    package var isBackwardBlocked = false
    package var delaySeconds = 0.0
    /// Nil: as fast as the sockets are.
    package var bytesPerSecond: Double?
    /// The next piece is passed on with one bit changed.
    package var corruptsNext = false

    package static let whole = LinkRule()
}
