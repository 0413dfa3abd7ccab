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
        for notice in ComputeFallback.notices(kind, operands, on: .present) { log.warning("\(notice)") }
        return backend
    }
}
