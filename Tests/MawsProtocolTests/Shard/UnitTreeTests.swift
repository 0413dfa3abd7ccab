import MawsBase
import MawsProtocol
import Testing

struct UnitTreeTests {
    @Test(arguments: 1...20)
    func sumHasTheSameBitsWhateverTheOrderOfArrival(unitCount: Int) throws {
        let gradients = (0..<unitCount).map { unit in
            var random = CounterRandom(seed: 1, purpose: .test, element: UInt64(unit))
            return (random.uniform() - 0.5) * Float(1 << (unit % 12))
        }
        let expected = sum(gradients, level: levels(unitCount), index: 0)
        for seed in 0..<50 {
            var random = CounterRandom(seed: UInt64(seed), purpose: .test, element: UInt64(unitCount))
            #expect(try Self.reduce(gradients, &random).bitPattern == expected.bitPattern)
        }
    }

    @Test func inOrderArrivalKeepsOnlyAFewSumsWaiting() {
        var tree = UnitTree(unitCount: 1000)
        var held = 0
        var heldMax = 0
        for unit in 0..<1000 {
            held += 1
            heldMax = max(heldMax, held)
            var next = tree.insert(unit)
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
        #expect(tree.insert(2) == .waits)
        #expect(tree.insert(2) == nil)
        #expect(tree.contains(2))
        #expect(!tree.contains(1))
    }

    /// Units arrive in a random order, some twice, and sums are finished late.
    private static func reduce(_ gradients: [Float], _ random: inout CounterRandom) throws -> Float {
        var tree = UnitTree(unitCount: gradients.count)
        var memory = gradients
        var arrivals = random.permutation(gradients.count)
        arrivals.insert(arrivals[0], at: random.below(arrivals.count + 1))
        var unfinished: [(left: UnitTree.Node, right: UnitTree.Node)] = []
        var isComplete = false
        while !arrivals.isEmpty || !unfinished.isEmpty {
            var next: UnitTree.Next?
            if unfinished.isEmpty || (!arrivals.isEmpty && random.below(2) == 0) {
                next = tree.insert(arrivals.removeLast())
            } else {
                let (left, right) = unfinished.remove(at: random.below(unfinished.count))
                memory[left.firstUnit] += memory[right.firstUnit]
                memory[right.firstUnit] = .nan
                next = tree.combined(left)
            }
            if case .combine(let left, let right)? = next { unfinished.append((left, right)) }
            if next == .complete {
                #expect(!isComplete)
                isComplete = true
            }
        }
        #expect(isComplete)
        return memory[0]
    }

    private func levels(_ count: Int) -> Int { count <= 1 ? 0 : 1 + levels((count + 1) / 2) }

    /// The definition: node(level, i) = node(level − 1, 2i) + node(level − 1, 2i + 1).
    private func sum(_ gradients: [Float], level: Int, index: Int) -> Float {
        if level == 0 { return gradients[index] }
        let left = sum(gradients, level: level - 1, index: 2 * index)
        let hasRight = (2 * index + 1) << (level - 1) < gradients.count
        return hasRight ? left + sum(gradients, level: level - 1, index: 2 * index + 1) : left
    }
}
