import MawsProtocol

/// Tells the computing thread that nobody wants its unit any more.
package final class Cancellation: Sendable {
    private let reason = Monitor<Abandonment?>(nil)

    package init() {}

    func cancel(_ why: Abandonment) { reason.with { $0 = why } }
    func reset() { reason.with { $0 = nil } }

    /// Throws when the unit is not wanted. Called wherever a unit could wait or ends a block.
    func check() throws {
        if let why = reason.with({ $0 }) { throw TrainerError.abandoned(why) }
    }
}
