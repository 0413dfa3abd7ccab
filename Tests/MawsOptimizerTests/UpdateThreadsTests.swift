import MawsBase
import MawsOptimizer
import MawsTensor
import Testing

@Suite struct UpdateThreadsTests {
    /// Five pieces and a bit, the last one shorter than a chunk.
    private static let count = 5 * 65_536 + 4096 + 77

    private func noise(_ element: UInt64) -> FloatBuffer {
        FloatBuffer(
            (0..<Self.count).map { index in
                var random = CounterRandom(seed: 3, purpose: .test, element: element << 32 + UInt64(index))
                return random.uniform() - 0.5
            })
    }

    @Test func piecesAreWholeChunksAndCoverTheRangeInOrder() {
        let range = 4096..<4096 + Self.count
        let pieces = UpdateThreads.pieces(of: range)
        #expect(pieces.first?.lowerBound == range.lowerBound && pieces.last?.upperBound == range.upperBound)
        #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(pieces.allSatisfy { $0.lowerBound % ShardLayout.chunkLength == 0 })
        #expect(UpdateThreads.pieces(of: 8..<8).isEmpty)
    }

    @Test(arguments: [1, 2, 3])
    func anyNumberOfThreadsGivesTheSumsAndSquaresOfOneLoop(threads: Int) {
        let team = UpdateThreads(threads: threads)
        let (left, right) = (noise(1), noise(2))
        let expected = zip(left.array, right.array).map { $0 + $1 }
        team.add(right, into: left)
        #expect(left.array == expected)
        let squares = GradientNorm.chunkSquares(left.pointer, count: left.count)
        #expect(team.chunkSquares(left.pointer, count: left.count) == squares)
    }

    /// A piece that asks for the threads again finds them taken and does its part itself, instead of waiting forever.
    @Test func aCallerThatFindsTheThreadsTakenWorksAlone() {
        let team = UpdateThreads(threads: 2)
        let done = FloatBuffer(count: 12)
        team.forEach(3) { outer, _ in team.forEach(4) { inner, _ in done[outer * 4 + inner] += 1 } }
        #expect(done.array == [Float](repeating: 1, count: 12))
    }
}
