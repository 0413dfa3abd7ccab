/// What a core asks of its shell, in two types, so that neither can be done in the place of the other.
///
/// Locked actions are done before the lock is let go under which the core was stepped: what another thread's event
/// might otherwise come between. They never wait, read or write. Unlocked ones are done after it, each in its order.
package struct CoreActions<Locked: Hashable & Sendable, Unlocked: Hashable & Sendable>: Hashable, Sendable {
    package var locked: [Locked]
    package var unlocked: [Unlocked]

    package init(locked: [Locked] = [], unlocked: [Unlocked] = []) {
        (self.locked, self.unlocked) = (locked, unlocked)
    }

    package static var nothing: Self { Self() }
    package static func locked(_ actions: Locked...) -> Self { Self(locked: actions) }
    package static func unlocked(_ actions: Unlocked...) -> Self { Self(unlocked: actions) }
    package static func unlocked(_ actions: [Unlocked]) -> Self { Self(unlocked: actions) }

    package static func + (left: Self, right: Self) -> Self {
        Self(locked: left.locked + right.locked, unlocked: left.unlocked + right.unlocked)
    }

    package static func += (left: inout Self, right: Self) { left = left + right }

    package var isEmpty: Bool { locked.isEmpty && unlocked.isEmpty }
}
