import MawsBase
import MawsKernels
import MawsModel
import MawsProtocol
import MawsSum
import MawsTensor
import MawsTraining
import Testing

/// A trainer adds neighbouring units in `SpreadSum`s and a server adds what arrives in `PackedSum`s: whoever adds, with
/// gaps or without, the bits are those of whole gradients added in the tree.
struct TreeSumTests {
    private static let count = 48
    private let backend = ComputeBackend.reference(threads: 2)

    @Test(arguments: [1, 2, 3, 4, 5, 8, 13], [false, true])
    func aServersSumsHaveTheBitsOfWholeGradients(units: Int, isSparse: Bool) throws {
        for round in 0..<20 {
            var random = CounterRandom(seed: 2, purpose: .test, element: UInt64(round))
            let gradients = (0..<units).map { _ in gradient(&random, isWhole: !isSparse && random.below(2) == 0) }
            let memory = CountedMemory()
            let arrivals = random.permutation(units).map { (UnitTree.Node(level: 0, index: $0), gradients[$0]) }
            let sum = try serverSum(arrivals, units: units, memory)
            #expect(sum.map(\.bitPattern) == tree(gradients.map(\.all), level: Self.levels(units), 0).map(\.bitPattern))
            #expect(memory.elements == 0)
        }
    }

    @Test func nodesThatTrainersFormedAndUnitsThatTheServerAddsGiveTheSameBits() throws {
        for round in 0..<40 {
            var random = CounterRandom(seed: 5, purpose: .test, element: UInt64(round))
            let gradients = (0..<8).map { _ in gradient(&random, isWhole: false) }
            let expected = tree(gradients.map(\.all), level: 3, 0).map(\.bitPattern)
            // Two trainers bring a node of four and one of two, the last two units come by themselves.
            let arrivals = [
                (UnitTree.Node(level: 2, index: 0), try trainerSum(Array(gradients[0..<4]))),
                (UnitTree.Node(level: 0, index: 7), gradients[7]),
                (UnitTree.Node(level: 1, index: 2), try trainerSum(Array(gradients[4..<6]))),
                (UnitTree.Node(level: 0, index: 6), gradients[6]),
            ]
            let order = random.permutation(4).map { arrivals[$0] }
            #expect(try serverSum(order, units: 8, CountedMemory()).map(\.bitPattern) == expected)
            #expect(try trainerSum(gradients).all.map(\.bitPattern) == expected)
        }
    }

    @Test func aSumStaysInRunsUntilTheyAreHalfOfTheSlice() {
        let (memory, threads) = (CountedMemory(), Threads())
        func run(_ range: Range<Int>) -> PackedSum {
            let sum = PackedSum(runs: Runs([range]), values: FloatBuffer(range.map(Float.init)))
            memory.count(sum)
            return sum
        }
        let few = run(0..<4).adding(run(20..<24), count: 16 + 8, memory: memory, threads: threads)
        #expect(few.runs == Runs([0..<4, 20..<24]) && memory.elements == 8)
        let many = few.adding(run(4..<9), count: 24, memory: memory, threads: threads)
        #expect(many.runs == nil && memory.elements == 24)
        #expect(many.values.array == (0..<24).map { $0 < 9 || $0 >= 20 ? Float($0) : 0 })
    }

    // MARK: - A gradient and its sums

    private struct Gradient {
        var runs: Runs?
        var values: [Float]

        var all: [Float] {
            var (all, next) = ([Float](repeating: 0, count: TreeSumTests.count), 0)
            for index in (runs ?? Runs([0..<TreeSumTests.count])).ranges.joined() {
                all[index] = values[next]
                next += 1
            }
            return all
        }
    }

    private func gradient(_ random: inout CounterRandom, isWhole: Bool) -> Gradient {
        let runs = isWhole ? nil : RandomRuns.make(&random, count: Self.count)
        let values = (0..<(runs?.elementCount ?? Self.count)).map { _ in value(&random) }
        return Gradient(runs: runs, values: values)
    }

    /// Zeros of both signs, subnormal and infinite numbers among those of ordinary size.
    private func value(_ random: inout CounterRandom) -> Float {
        switch random.below(12) {
        case 0...2: -0.0
        case 3: 0
        case 4: .leastNonzeroMagnitude
        case 5: -.infinity
        default: (random.uniform() - 0.5) * Float(1 << random.below(20))
        }
    }

    private static func levels(_ units: Int) -> Int { units == 1 ? 0 : 1 + levels((units + 1) / 2) }

    private func tree(_ gradients: [[Float]], level: Int, _ index: Int) -> [Float] {
        if level == 0 { return gradients[index] }
        let left = tree(gradients, level: level - 1, 2 * index)
        if (2 * index + 1) << (level - 1) >= gradients.count { return left }
        return zip(left, tree(gradients, level: level - 1, 2 * index + 1)).map { $0 + $1 }
    }

    // MARK: - The server's side

    private func serverSum(
        _ arrivals: [(UnitTree.Node, Gradient)], units: Int, _ memory: CountedMemory
    ) throws -> [Float] {
        var tree = UnitTree(unitCount: units)
        var sums: [UnitTree.Sum: PackedSum] = [:]
        var whole: PackedSum?
        for (node, gradient) in arrivals {
            let inserted = tree.insert(node)
            let arrival = try #require(inserted)
            let sum = PackedSum(runs: gradient.runs, values: FloatBuffer(gradient.values))
            memory.count(sum)
            sums[arrival.sum] = sum
            var next = arrival.next
            while case .combine(let left, let right) = next {
                let taken = sums.removeValue(forKey: right)
                let other = try #require(taken)
                sums[left] = sums[left]?.adding(other, count: Self.count, memory: memory, threads: Threads())
                next = tree.combined(left)
            }
            if case .complete(let sum) = next { whole = sums.removeValue(forKey: sum) }
        }
        let target = FloatBuffer((0..<Self.count).map { _ in .nan })
        let sum = try #require(whole)
        sum.write(to: target.pointer, count: Self.count)
        memory.give(sum)
        return target.array
    }

    /// Counts elements that sums hold.
    private final class CountedMemory: SumMemory {
        private(set) var elements = 0

        func takeAtOnce(_ count: Int) -> FloatBuffer {
            elements += count
            return FloatBuffer((0..<count).map { _ in .nan })
        }

        func count(_ sum: PackedSum) { elements += sum.values.count }
        func give(_ sum: PackedSum) { elements -= sum.values.count }
    }

    private struct Threads: WholeAddition {
        func add(_ other: FloatBuffer, into sum: FloatBuffer) {
            for index in 0..<sum.count { sum[index] += other[index] }
        }
    }

    // MARK: - The trainer's side

    private func trainerSum(_ gradients: [Gradient]) throws -> Gradient {
        let (sum, arrival) = (NeighbourSum(backend: backend), Arrival())
        for (index, gradient) in gradients.enumerated() {
            let sink = sum.unit(index, of: gradients.count, to: arrival)
            let values = FloatBuffer(gradient.values)
            guard let runs = gradient.runs else {
                try sink.push(0, values)
                continue
            }
            var end = 0
            let pieces = runs.ranges.map { range in
                defer { end += range.count }
                return SparseGradient.Piece(start: range.lowerBound, values: values.slice(end..<end + range.count))
            }
            try sink.push(0, SparseGradient(count: Self.count, pieces: pieces))
        }
        return try #require(arrival.gradient)
    }

    private final class Arrival: GradientSink {
        private(set) var gradient: Gradient?

        func push(_ block: Int, _ whole: FloatBuffer) { gradient = Gradient(runs: nil, values: whole.array) }

        func push(_ block: Int, _ sparse: SparseGradient) {
            gradient = Gradient(runs: Runs(sparse.pieces.map(\.range)), values: sparse.pieces.flatMap(\.values.array))
        }
    }
}
