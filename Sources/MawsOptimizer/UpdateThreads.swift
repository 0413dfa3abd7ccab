import CVectorLoops
import MawsBase
import MawsTensor
import Synchronization

/// The threads that add up and update a server's shard.
///
/// Work is cut into pieces of whole chunks, each element is computed from its own inputs alone and each sum is one
/// chunk's, so the bits do not depend on the number of threads.
package final class UpdateThreads: Sendable {
    /// Elements of a piece: 16 chunks, a quarter of a megabyte of each array.
    private static let grain = 16 * ShardLayout.chunkLength

    /// Threads that are of use to one server, whose work is bound by memory.
    package static let lanesMax = 64

    private let pool: ComputePool
    private let isTaken = Atomic<Bool>(false)

    /// - Parameter threads: at least 1; no more than `lanesMax` are made.
    package init(threads: Int) {
        precondition(threads > 0)
        pool = ComputePool(threads: min(threads, Self.lanesMax))
    }

    /// Cuts ranges that begin at a chunk's border into pieces.
    package static func pieces(of range: Range<Int>) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: grain).map {
            $0..<min($0 + grain, range.upperBound)
        }
    }

    /// Calls `body(piece, lane)` once for each number below `count`, in any order. Pieces of one call that run at the
    /// same time have different lanes below `lanesMax`. A caller that finds the threads at work for another does its
    /// pieces itself.
    package func forEach(_ count: Int, _ body: (_ piece: Int, _ lane: Int) -> Void) {
        let isFree =
            count > 1 && isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        guard isFree else {
            for piece in 0..<count { body(piece, 0) }
            return
        }
        defer { isTaken.store(false, ordering: .releasing) }
        pool.run(count, body)
    }

    /// The sum of squares of each chunk of a slice that begins at a chunk's border.
    ///
    /// - Parameter visit: called for each chunk, with its elements of the slice, while it is in the cache.
    package func chunkSquares(
        _ gradient: UnsafePointer<Float>, count: Int, visit: (Range<Int>) -> Void = { _ in }
    ) -> [Double] {
        let (pieces, grain) = (Self.pieces(of: 0..<count), ShardLayout.chunkLength)
        let loops = maws_update_loops().pointee
        var squares = [Double](repeating: 0, count: ShardLayout.chunkCount(count))
        squares.withUnsafeMutableBufferPointer { squares in
            forEach(pieces.count) { index, _ in
                for start in stride(from: pieces[index].lowerBound, to: pieces[index].upperBound, by: grain) {
                    let chunk = start..<min(start + grain, count)
                    squares[start / grain] = loops.squares(gradient + start, chunk.count)
                    visit(chunk)
                }
            }
        }
        return squares
    }

    /// sum += other, element by element.
    package func add(_ other: FloatBuffer, into sum: FloatBuffer) {
        precondition(other.count == sum.count)
        let pieces = Self.pieces(of: 0..<sum.count)
        let loops = maws_update_loops().pointee
        forEach(pieces.count) { index, _ in
            let range = pieces[index]
            loops.add(sum.pointer + range.lowerBound, other.pointer + range.lowerBound, range.count)
        }
    }
}
