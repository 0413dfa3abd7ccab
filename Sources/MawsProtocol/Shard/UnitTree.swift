import MawsBase
import MawsWire

/// The order in which the gradients of a step's units are added: a binary tree over the unit indices, fixed by their
/// number alone, whatever order they arrive in.
///
///     node(0, i)     = unit i
///     node(level, i) = node(level − 1, 2i) + node(level − 1, 2i + 1)
///
/// A node without a right neighbour passes up as it is. Sums are formed as soon as both sides are there, so that what
/// waits is little. A trainer that computed neighbouring units may bring their node instead of each of them; where some
/// of its units came before, what there is of them is dropped, since the node holds them.
package struct UnitTree: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package var level: Int
        package var index: Int

        package init(level: Int, index: Int) { (self.level, self.index) = (level, index) }

        var parent: Node { Node(level: level + 1, index: index / 2) }
        var sibling: Node { Node(level: level, index: index ^ 1) }
    }

    /// A gradient or a sum of gradients in the shell's memory, numbered by the tree of its step.
    package struct Sum: Hashable, Sendable {
        package let step: StepIndex
        package let number: Int
    }

    package enum Next: Hashable, Sendable {
        /// The sum waits for its other side.
        case waits
        /// Add `right` into `left`, then say `combined(left)`.
        case combine(left: Sum, right: Sum)
        /// The sum of all units.
        case complete(Sum)
        /// Nobody needs this sum: it is part of a node that came as a whole.
        case drop(Sum)
    }

    /// The node whose gradient is pushed; nil where a tree of so many units has none.
    static func node(of push: Push, unitCount: Int) -> Node? {
        node(first: Int(push.unit.value), level: Int(push.level), unitCount: unitCount)
    }

    /// The node of the 2^level units from `first` on.
    static func node(first: Int, level: Int, unitCount: Int) -> Node? {
        guard level < 32, first % (1 << level) == 0, first + (1 << level) <= unitCount else { return nil }
        return Node(level: level, index: first >> level)
    }

    /// What a gradient's arrival brings about.
    package struct Arrival: Hashable, Sendable {
        /// What it is called from now on.
        package var sum: Sum
        /// Sums of its units that are of no use any more.
        package var dropped: [Sum]
        package var next: Next
    }

    package let unitCount: Int
    private let step: StepIndex
    /// Nodes on each level, from `unitCount` down to 1.
    private let widths: [Int]
    private var hasArrived: [Bool]
    /// By level and index.
    private var waiting: [[Sum?]]
    /// Nodes above level 0 that came as a whole.
    private var arrivedTogether: Set<Node> = []
    /// Nodes that are being formed, by their left sides.
    private var forming: [Sum: Node] = [:]
    private var sumCount = 0

    package init(unitCount: Int, step: StepIndex = StepIndex(0)) {
        precondition(unitCount > 0)
        (self.unitCount, self.step) = (unitCount, step)
        var widths = [unitCount]
        while widths[widths.count - 1] > 1 { widths.append((widths[widths.count - 1] + 1) / 2) }
        self.widths = widths
        hasArrived = Array(repeating: false, count: unitCount)
        waiting = widths.map { Array(repeating: nil, count: $0) }
    }

    /// Whether all of the node's units came, each or together.
    package func contains(_ node: Node) -> Bool { units(node).allSatisfy { hasArrived[$0] } }

    /// A node's gradient came; nil when all of its units were there already.
    package mutating func insert(_ node: Node) -> Arrival? {
        guard !contains(node) else { return nil }
        for unit in units(node) { hasArrived[unit] = true }
        if node.level > 0 { arrivedTogether.insert(node) }
        let sum = Sum(step: step, number: sumCount)
        sumCount += 1
        return Arrival(sum: sum, dropped: dropWaiting(below: node), next: climb(sum, from: node))
    }

    /// The sum that `combine` asked for, with this left side, is formed. One that nobody waited for may come late, even
    /// after its step.
    package mutating func combined(_ left: Sum) -> Next {
        guard let node = forming.removeValue(forKey: left), !isInWhole(node) else { return .drop(left) }
        return climb(left, from: node)
    }

    private func units(_ node: Node) -> Range<Int> {
        node.index << node.level..<min((node.index + 1) << node.level, unitCount)
    }

    private mutating func dropWaiting(below node: Node) -> [Sum] {
        var dropped: [Sum] = []
        for level in 0..<node.level {
            let shift = node.level - level
            for index in node.index << shift..<min((node.index + 1) << shift, widths[level]) {
                guard let sum = waiting[level][index] else { continue }
                dropped.append(sum)
                waiting[level][index] = nil
            }
        }
        return dropped
    }

    private func isInWhole(_ node: Node) -> Bool {
        arrivedTogether.contains { whole in
            whole.level >= node.level && node.index >> (whole.level - node.level) == whole.index
        }
    }

    private mutating func climb(_ sum: Sum, from start: Node) -> Next {
        var node = start
        while node.level + 1 < widths.count {
            let sibling = node.sibling
            if sibling.index < widths[node.level] {
                guard let other = waiting[sibling.level][sibling.index] else {
                    waiting[node.level][node.index] = sum
                    return .waits
                }
                waiting[sibling.level][sibling.index] = nil
                let (left, right) = node.index < sibling.index ? (sum, other) : (other, sum)
                forming[left] = node.parent
                return .combine(left: left, right: right)
            }
            node = node.parent
        }
        return .complete(sum)
    }
}
