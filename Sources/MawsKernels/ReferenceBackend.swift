internal import COpenBLAS
internal import CVectorLoops
import MawsTensor

/// fp32 on any CPU: OpenBLAS for large matrix products, vectorised loops for everything else.
///
/// One caller at a time. The operations are in the other files of this folder, forward and backward side by side.
public final class ReferenceBackend: ComputeBackend, @unchecked Sendable {
    public let threads: Int
    public let profile: String
    let pool: ComputePool
    let loops: MawsVectorLoops
    /// Partial sums of one operation.
    let partialSums = Workspace()

    /// - Parameter threads: cores used, at least 1. OpenBLAS has one setting a process: the last backend made wins.
    public convenience init(threads: Int) { self.init(threads: threads, loops: maws_vector_loops().pointee) }

    /// With the loops of one instruction set, `baseline` for instance; nil when this machine cannot run them.
    package convenience init?(threads: Int, instructionSet: String) {
        guard let loops = maws_vector_loops_named(instructionSet) else { return nil }
        self.init(threads: threads, loops: loops.pointee)
    }

    private init(threads: Int, loops: MawsVectorLoops) {
        precondition(threads > 0)
        self.threads = threads
        self.loops = loops
        pool = ComputePool(threads: threads)
        openblas_set_num_threads(Int32(threads))
        let library = String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
        let kernels = String(cString: openblas_get_corename())
        profile = "reference, \(library) \(kernels), \(String(cString: loops.name)), threads \(threads)"
    }
}
