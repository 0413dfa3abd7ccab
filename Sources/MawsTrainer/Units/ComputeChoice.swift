import Logging
import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// What the trainer was told to compute with; the plan adds the precision.
struct ComputeChoice: Sendable {
    let kind: ComputeKind
    let threads: Int
    let memoryBytes: Int?
    let cache: CacheOptions
    let log: Logger

    /// - Throws: when this kind does not know the plan's precision.
    func backend(for precision: Precision) throws -> ComputeBackend {
        let operands: ElementType = precision == .bf16 ? .bfloat16 : .float32
        guard let backend = ComputeBackend.make(kind, threads: threads, operands: operands) else {
            throw TrainerError.noSuchPrecision(precision: precision.rawValue, compute: kind.rawValue)
        }
        if precision == .bf16 && !ComputeBackend.multipliesHalf {
            log.warning(
                """
                this CPU (\(backend.profile.kernels)) has no bf16 products: they are computed in fp32 from operands \
                rounded to bf16, with the same results and slower than `precision: fp32`
                """)
        }
        if kind == .reference && ComputeBackend.fastestKind == .reference {
            log.warning(
                "this CPU has no AVX2: it computes with OpenBLAS in fp32, several times slower than with oneDNN")
        }
        return backend
    }
}
