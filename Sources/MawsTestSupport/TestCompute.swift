import MawsKernels
import MawsTensor

/// Every way to compute that tests of whole objectives run through.
package enum TestCompute: String, CaseIterable, Sendable, CustomStringConvertible {
    case reference, oneDNN, oneDNNBFloat16

    package var backend: ComputeBackend { backend(threads: 1) }

    package func backend(threads: Int) -> ComputeBackend {
        switch self {
        case .reference: .reference(threads: threads)
        case .oneDNN: .oneDNN(threads: threads, operands: .float32)
        case .oneDNNBFloat16: .oneDNN(threads: threads, operands: .bfloat16)
        }
    }

    /// A relative error that is `exact` with fp32 operands. A gradient at the bottom of a few blocks has some dozens of
    /// bfloat16 roundings behind it, and its norm may be off by √50 · 2⁻⁸ / √3 = 1.6 % (`BFloat16Rounding`); a little
    /// more is the bound unless a test says more.
    package func tolerance(_ exact: Double, bfloat16: Double = 0.02) -> Double {
        self == .oneDNNBFloat16 ? bfloat16 : exact
    }

    package var description: String { rawValue }
}
