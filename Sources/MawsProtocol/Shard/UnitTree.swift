/// The order in which the gradients of a step's units are added: a binary tree over the unit indices, fixed by their
/// number alone, whatever order they arrive in.
///
///     node(0, i)     = unit i
///     node(level, i) = node(level − 1, 2i) + node(level − 1, 2i + 1)
///
/// A node without a right neighbour passes up as it is. Sums are formed as soon as both sides are there, so that what
/// waits is little. A sum takes the place of its left side; hence `Node.firstUnit` names its memory.
public struct UnitTree: Hashable, Sendable {
    public struct Node: Hashable, Sendable {
        public var level: Int
        public var index: Int

        /// Lowest unit in the sum.
        public var firstUnit: Int { index << level }
        var parent: Node { Node(level: level + 1, index: index / 2) }
        var sibling: Node { Node(level: level, index: index ^ 1) }
    }

    public enum Next: Hashable, Sendable {
        /// The sum waits for its other side.
        case waits
        /// Add `right` into `left`, then say `combined(left)`.
        case combine(left: Node, right: Node)
        /// The sum of all units lies at unit 0's place.
        case complete
    }

    public let unitCount: Int
    /// Nodes on each level, from `unitCount` down to 1.
    private let widths: [Int]
    private var hasArrived: [Bool]
    private var isWaiting: [[Bool]]

    public init(unitCount: Int) {
        precondition(unitCount > 0)
        self.unitCount = unitCount
        var widths = [unitCount]
        while widths[widths.count - 1] > 1 { widths.append((widths[widths.count - 1] + 1) / 2) }
        self.widths = widths
        hasArrived = Array(repeating: false, count: unitCount)
        isWaiting = widths.map { Array(repeating: false, count: $0) }
    }

    public func contains(_ unit: Int) -> Bool { hasArrived[unit] }

    /// A unit's gradient came; nil when it was there already.
    public mutating func insert(_ unit: Int) -> Next? {
        guard !hasArrived[unit] else { return nil }
        hasArrived[unit] = true
        return climb(Node(level: 0, index: unit))
    }

    /// The sum that `combine` asked for, with this left side, is formed.
    public mutating func combined(_ left: Node) -> Next { climb(left.parent) }

    private mutating func climb(_ start: Node) -> Next {
        var node = start
        while node.level + 1 < widths.count {
            let sibling = node.sibling
            if sibling.index < widths[node.level] {
                guard isWaiting[sibling.level][sibling.index] else {
                    isWaiting[node.level][node.index] = true
                    return .waits
                }
                isWaiting[sibling.level][sibling.index] = false
                return node.index < sibling.index
                    ? .combine(left: node, right: sibling) : .combine(left: sibling, right: node)
            }
            node = node.parent
        }
        return .complete
    }
}
