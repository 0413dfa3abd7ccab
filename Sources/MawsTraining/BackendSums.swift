import MawsKernels
import MawsSum
import MawsTensor

/// A trainer's sums are added by its backend's threads.
extension ComputeBackend: SpreadMemoryThreads {
    package func add(_ other: FloatBuffer, into sum: FloatBuffer) { add(sum.all, sum.all, other.all) }
}
