import MawsBase
import MawsProtocol
import Testing

private typealias Node = UnitTree.Node

struct UnitTreeTests {
    @Test(arguments: 1...20)
    func sumHasTheSameBitsWhateverTheOrderOfArrival(unitCount: Int) {
        let gradients = (0..<unitCount).map { unit in
            var random = CounterRandom(seed: 1, purpose: .test, element: UInt64(unit))
            return (random.uniform() - 0.5) * Float(1 << (unit % 12))
        }
        let expected = Self.sum(gradients, level: Self.levels(unitCount), index: 0)
        for seed in 0..<50 {
            var random = CounterRandom(seed: UInt64(seed), purpose: .test, element: UInt64(unitCount))
            #expect(Self.reduce(gradients, &random).bitPattern == expected.bitPattern)
        }
    }

    @Test func inOrderArrivalKeepsOnlyAFewSumsWaiting() {
        var tree = UnitTree(unitCount: 1000)
        var held = 0
        var heldMax = 0
        for unit in 0..<1000 {
            held += 1
            heldMax = max(heldMax, held)
            var next = tree.insert(Node(level: 0, index: unit))?.next
            while case .combine(let left, _)? = next {
                held -= 1
                next = tree.combined(left)
            }
        }
        #expect(held == 1)
        #expect(heldMax <= 11)
    }

    @Test func secondArrivalIsADuplicate() {
        var tree = UnitTree(unitCount: 3)
        #expect(tree.insert(Node(level: 0, index: 2))?.next == .waits)
        #expect(tree.insert(Node(level: 0, index: 2)) == nil)
        #expect(tree.contains(Node(level: 0, index: 2)))
        #expect(!tree.contains(Node(level: 0, index: 1)))
    }

    @Test func nodeTakesThePlaceOfItsUnitsThatWait() throws {
        var tree = UnitTree(unitCount: 4)
        let second = try arrive(Node(level: 0, index: 1), &tree)
        let node = try arrive(Node(level: 1, index: 0), &tree)
        #expect(node.dropped == [second.sum])
        #expect(node.next == .waits)
        #expect(tree.insert(Node(level: 0, index: 0)) == nil)
        let rest = try arrive(Node(level: 1, index: 1), &tree)
        #expect(rest.next == .combine(left: node.sum, right: rest.sum))
        #expect(tree.combined(node.sum) == .complete(node.sum))
    }

    @Test func sumThatWasBeingFormedWhenItsNodeCameIsDropped() throws {
        var tree = UnitTree(unitCount: 4)
        let first = try arrive(Node(level: 0, index: 0), &tree)
        let second = try arrive(Node(level: 0, index: 1), &tree)
        #expect(second.next == .combine(left: first.sum, right: second.sum))
        let whole = try arrive(Node(level: 2, index: 0), &tree)
        #expect(whole.next == .complete(whole.sum))
        #expect(tree.combined(first.sum) == .drop(first.sum))
        // Or in the tree of the next step.
        var later = UnitTree(unitCount: 4, step: StepIndex(1))
        #expect(later.insert(Node(level: 0, index: 0))?.sum != first.sum)
        #expect(later.combined(first.sum) == .drop(first.sum))
    }

    private func arrive(_ node: Node, _ tree: inout UnitTree) throws -> UnitTree.Arrival {
        let arrival = tree.insert(node)
        return try #require(arrival)
    }

    /// Units and nodes arrive in a random order, some twice, and sums are finished late.
    private static func reduce(_ gradients: [Float], _ random: inout CounterRandom) -> Float {
        var tree = UnitTree(unitCount: gradients.count)
        var memory: [UnitTree.Sum: Float] = [:]
        var arrivals = arrivals(gradients.count, &random)
        var unfinished: [(left: UnitTree.Sum, right: UnitTree.Sum)] = []
        var result: Float?
        while !arrivals.isEmpty || !unfinished.isEmpty {
            var next: UnitTree.Next?
            if unfinished.isEmpty || (!arrivals.isEmpty && random.below(2) == 0) {
                let node = arrivals.removeLast()
                let arrival = tree.insert(node)
                for dropped in arrival?.dropped ?? [] { #expect(memory.removeValue(forKey: dropped) != nil) }
                if let arrival { memory[arrival.sum] = sum(gradients, level: node.level, index: node.index) }
                next = arrival?.next
            } else {
                let (left, right) = unfinished.remove(at: random.below(unfinished.count))
                memory[left] = (memory[left] ?? .nan) + (memory.removeValue(forKey: right) ?? .nan)
                next = tree.combined(left)
            }
            switch next {
            case .combine(let left, let right)?: unfinished.append((left, right))
            case .drop(let sum)?: #expect(memory.removeValue(forKey: sum) != nil)
            case .complete(let sum)?:
                #expect(result == nil)
                result = memory.removeValue(forKey: sum)
            case .waits?, nil: break
            }
        }
        #expect(memory.isEmpty)
        return result ?? .nan
    }

    /// Every unit, one of them twice, and some nodes of several.
    private static func arrivals(_ unitCount: Int, _ random: inout CounterRandom) -> [Node] {
        var arrivals = random.permutation(unitCount).map { Node(level: 0, index: $0) }
        arrivals.insert(arrivals[0], at: random.below(arrivals.count + 1))
        for level in 1...4 where unitCount >> level > 0 && random.below(2) == 0 {
            let node = Node(level: level, index: random.below(unitCount >> level))
            arrivals.insert(node, at: random.below(arrivals.count + 1))
        }
        return arrivals
    }

    private static func levels(_ count: Int) -> Int { count <= 1 ? 0 : 1 + levels((count + 1) / 2) }

    /// The definition: node(level, i) = node(level − 1, 2i) + node(level − 1, 2i + 1).
    private static func sum(_ gradients: [Float], level: Int, index: Int) -> Float {
        if level == 0 { return gradients[index] }
        let left = sum(gradients, level: level - 1, index: 2 * index)
        let hasRight = (2 * index + 1) << (level - 1) < gradients.count
        return hasRight ? left + sum(gradients, level: level - 1, index: 2 * index + 1) : left
    }
}
