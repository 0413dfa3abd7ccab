/// Position of a stage in its plan, from 0.
package struct StageIndex: Hashable, Comparable, Codable, Sendable {
    package var value: UInt32
    package init(_ value: UInt32) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Number of optimizer updates already in the weights of a stage: version *t* is the weights after *t* steps, and
/// step *t* is the one that turns version *t* into version *t + 1*.
package struct StepIndex: Hashable, Comparable, Codable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package var next: StepIndex { StepIndex(value + 1) }
}

/// Position of a unit in the global batch of a step, from 0. Fixed by the plan, never by who is present.
package struct UnitIndex: Hashable, Comparable, Codable, Sendable {
    package var value: UInt32
    package init(_ value: UInt32) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The coordinator's fencing number. It grows at every start of a coordinator; messages of an older term are refused.
package struct Term: Hashable, Comparable, Codable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// One request, as its answers name it: who asks numbers its requests and uses no number twice on a connection.
package struct RequestNumber: Hashable, Comparable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }

    /// That of what answers no request.
    package static let none = RequestNumber(0)
    package var next: RequestNumber { RequestNumber(value + 1) }
}

/// Shard *index* of *count*: the slice of every block that one server owns.
package struct ShardIdentity: Hashable, Codable, Sendable, CustomStringConvertible {
    package var index: Int
    package var count: Int

    package init(index: Int, count: Int) {
        precondition(count > 0 && index >= 0 && index < count)
        self.index = index
        self.count = count
    }

    package var description: String { "\(index)/\(count)" }
}

/// What a certificate lets its holder do.
package enum Role: String, Codable, CaseIterable, Sendable {
    case coordinator
    case server
    case trainer
    case viewer
}
