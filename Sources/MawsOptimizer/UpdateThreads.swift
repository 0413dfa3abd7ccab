import MawsBase
import MawsTensor
import Synchronization

/// The threads that add up and update a server's shard.
///
/// Work is cut into pieces of whole chunks, each element is computed from its own inputs alone and each sum is one
/// chunk's, so the bits do not depend on the number of threads.
public final class UpdateThreads: Sendable {
    /// Elements of a piece: 16 chunks, a quarter of a megabyte of each array.
    private static let grain = 16 * ShardLayout.chunkLength

    private let pool: ComputePool
    private let isTaken = Atomic<Bool>(false)

    /// - Parameter threads: at least 1.
    public init(threads: Int) {
        precondition(threads > 0)
        pool = ComputePool(threads: threads)
    }

    /// Cuts ranges that begin at a chunk's border into pieces.
    public static func pieces(of range: Range<Int>) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: grain).map {
            $0..<min($0 + grain, range.upperBound)
        }
    }

    /// Calls `body` once for each number below `count`, in any order. A caller that finds the threads at work for
    /// another does its pieces itself.
    public func forEach(_ count: Int, _ body: (Int) -> Void) {
        let isFree =
            count > 1 && isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        guard isFree else {
            for piece in 0..<count { body(piece) }
            return
        }
        defer { isTaken.store(false, ordering: .releasing) }
        pool.run(count) { piece, _ in body(piece) }
    }

    /// The sum of squares of each chunk of a slice that begins at a chunk's border.
    public func chunkSquares(_ gradient: UnsafePointer<Float>, count: Int) -> [Double] {
        let pieces = Self.pieces(of: 0..<count)
        var squares = [Double](repeating: 0, count: ShardLayout.chunkCount(count))
        squares.withUnsafeMutableBufferPointer { squares in
            forEach(pieces.count) { index in
                let range = pieces[index]
                let sums = GradientNorm.chunkSquares(gradient + range.lowerBound, count: range.count)
                let first = range.lowerBound / ShardLayout.chunkLength
                for (chunk, sum) in sums.enumerated() { squares[first + chunk] = sum }
            }
        }
        return squares
    }

    /// sum += other, element by element.
    public func add(_ other: FloatBuffer, into sum: FloatBuffer) {
        precondition(other.count == sum.count)
        let pieces = Self.pieces(of: 0..<sum.count)
        forEach(pieces.count) { index in
            let range = pieces[index]
            VectorSum.add(other.pointer + range.lowerBound, into: sum.pointer + range.lowerBound, count: range.count)
        }
    }
}

/// The addition of two gradients.
enum VectorSum {
    static func add(_ other: UnsafePointer<Float>, into sum: UnsafeMutablePointer<Float>, count: Int) {
        let whole = count & ~15
        for index in stride(from: 0, to: whole, by: 16) {
            let left = UnsafeRawPointer(sum + index).loadUnaligned(as: SIMD16<Float>.self)
            let right = UnsafeRawPointer(other + index).loadUnaligned(as: SIMD16<Float>.self)
            UnsafeMutableRawPointer(sum + index).storeBytes(of: left + right, as: SIMD16<Float>.self)
        }
        for index in whole..<count { sum[index] += other[index] }
    }
}
