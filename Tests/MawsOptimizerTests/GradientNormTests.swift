import MawsBase
import MawsOptimizer
import MawsTensor
import Testing

@Suite struct GradientNormTests {
    /// Three blocks of 5 chunks and a bit, one frozen.
    private let table = BlockTable(
        blocks: [("a", 20_500, true), ("frozen", 9_000, false), ("b", 100, true), ("c", 30_000, true)].map {
            var builder = BlockBuilder($0.0, isTrainable: $0.2)
            builder.add($0.0, [$0.1], decays: true, .zeros)
            return builder.build()
        })

    private func squares(shards: Int) -> [[Double]] {
        (0..<shards).map { index in
            let layout = ShardLayout(table: table, shard: ShardIdentity(index: index, count: shards))
            return table.blocks.indices.flatMap { block -> [Double] in
                guard table.blocks[block].isTrainable else { return [] }
                let gradient = FloatBuffer(
                    layout.slices[block].map { element in
                        var random = CounterRandom(
                            seed: UInt64(block), purpose: .test, element: UInt64(element))
                        return random.uniform() - 0.5
                    })
                return GradientNorm.chunkSquares(gradient.pointer, count: gradient.count)
            }
        }
    }

    @Test(arguments: 2...7)
    func normDoesNotDependOnTheNumberOfShards(shards: Int) throws {
        let one = try #require(GradientNorm.norm(table: table, shards: squares(shards: 1)))
        let many = try #require(GradientNorm.norm(table: table, shards: squares(shards: shards)))
        #expect(one == many)
        #expect(abs(one - (50_600.0 / 12).squareRoot()) < 1)
    }

    @Test(arguments: 1...3)
    func blocksThatAreNotFiniteAreFoundInAnyShard(shards: Int) throws {
        var squares = squares(shards: shards)
        #expect(GradientNorm.nonFiniteBlocks(table: table, shards: squares).isEmpty)
        // Shard 0's first number is of the table's first block that it has a slice of, its last one of the last.
        squares[0][0] = .nan
        squares[0][squares[0].count - 1] = .infinity
        let norm = try #require(GradientNorm.norm(table: table, shards: squares))
        #expect(!norm.isFinite)
        #expect(GradientNorm.nonFiniteBlocks(table: table, shards: squares) == [0, 3])
    }

    @Test func listOfWrongLengthGivesNoNorm() {
        var short = squares(shards: 3)
        short[1].removeLast()
        var long = squares(shards: 3)
        long[2].append(1)
        #expect(GradientNorm.norm(table: table, shards: short) == nil)
        #expect(GradientNorm.norm(table: table, shards: long) == nil)
    }

    @Test func smallGradientIsLeftAsItIs() {
        #expect(GradientNorm.clipScale(norm: 0.5, clipNorm: 1) == 1)
        #expect(GradientNorm.clipScale(norm: 1e9, clipNorm: nil) == 1)
        #expect(abs(GradientNorm.clipScale(norm: 4, clipNorm: 1) - 0.25) < 1e-6)
    }
}
