import CVectorLoops
import MawsBase

extension GradientNorm {
    /// The sum of squares of each chunk of a slice that begins at a chunk boundary; the last chunk may be short.
    package static func chunkSquares(_ gradient: UnsafePointer<Float>, count: Int) -> [Double] {
        let loops = maws_update_loops().pointee
        return stride(from: 0, to: count, by: ShardLayout.chunkLength).map { start in
            loops.squares(gradient + start, min(ShardLayout.chunkLength, count - start))
        }
    }
}
