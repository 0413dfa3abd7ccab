internal import CVectorLoops
import MawsBase
import MawsTensor

/// What of a CPU decides how it computes.
package struct CPUDescription: Hashable, Sendable {
    package var hasAVX2: Bool
    /// Multiplies bfloat16 in hardware, at about twice the speed of fp32.
    package var multipliesBFloat16: Bool

    package init(hasAVX2: Bool, multipliesBFloat16: Bool) {
        self.hasAVX2 = hasAVX2
        self.multipliesBFloat16 = multipliesBFloat16
    }

    /// This machine's, as the loops and oneDNN see it; `ONEDNN_MAX_CPU_ISA` counts.
    package static var present: CPUDescription {
        CPUDescription(
            hasAVX2: String(cString: ComputeBackend.fastestLoops.name) != "baseline",
            multipliesBFloat16: OneDNNProducts.multipliesBFloat16)
    }
}

/// What is computed with on a CPU, and what a person should know who has a CPU without AVX2 or without bf16.
package enum ComputeFallback {
    /// oneDNN has no kernels to speak of below AVX2.
    package static func fastestKind(on cpu: CPUDescription) -> ComputeKind { cpu.hasAVX2 ? .onednn : .reference }

    /// The precision of a plan that names none.
    package static func fastestOperands(on cpu: CPUDescription) -> ElementType {
        fastestKind(on: cpu) == .onednn && cpu.multipliesBFloat16 ? .bfloat16 : .float32
    }

    /// Sentences about what computing so costs on such a CPU; none where it is the best that maws knows.
    ///
    /// The ratios are those of ViT-S/16 on one machine whose instructions were limited by `ONEDNN_MAX_CPU_ISA`, on AVX2
    /// or below, and of two kinds of instructions' rates for hardware bf16; `maws-bench steps` tells for a machine at
    /// hand.
    package static func notices(_ kind: ComputeKind, _ operands: ElementType, on cpu: CPUDescription) -> [String] {
        var notices: [String] = []
        if !cpu.hasAVX2 {
            notices.append(
                "this CPU has no AVX2: products are computed with \(kind == .reference ? "OpenBLAS" : "oneDNN") in fp32"
                    + " by its baseline instructions, about 3 times slower than with AVX2")
        } else if kind == .reference {
            notices.append("products are computed with OpenBLAS in fp32 as asked; oneDNN is faster on this CPU")
        }
        if operands == .bfloat16 && !cpu.multipliesBFloat16 {
            notices.append(
                "this CPU has no bf16 products: they are computed in fp32 from operands rounded to bf16, with the same "
                    + "results, up to a fifth slower than `precision: fp32` here and 2 to 3 times slower than on a CPU "
                    + "that has them")
        }
        if operands == .float32 && !cpu.multipliesBFloat16 && cpu.hasAVX2 {
            notices.append(
                "this CPU has no bf16 products: it computes in fp32, half as fast as a CPU that has them does in bf16")
        }
        return notices
    }
}
