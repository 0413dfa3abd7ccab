internal import CVectorLoops
import MawsTensor

/// Which library multiplies matrices.
public enum ComputeKind: String, CaseIterable, Sendable {
    /// OpenBLAS, fp32: the truth, on any CPU.
    case reference
    /// oneDNN, fp32 and bf16.
    case onednn
}

extension ComputeBackend {
    /// fp32 on any CPU: OpenBLAS for large matrix products, vectorised loops for everything else.
    public static func reference(threads: Int) -> ComputeBackend {
        reference(threads: threads, loops: maws_vector_loops().pointee)
    }

    /// The reference with the loops of one instruction set, `baseline` for instance; nil when this machine cannot run
    /// them.
    package static func reference(threads: Int, instructionSet: String) -> ComputeBackend? {
        guard let loops = maws_vector_loops_named(instructionSet) else { return nil }
        return reference(threads: threads, loops: loops.pointee)
    }

    private static func reference(threads: Int, loops: MawsVectorLoops) -> ComputeBackend {
        let name = String(cString: loops.name)
        return ComputeBackend(
            threads: threads, profile: "reference, \(OpenBLASProducts.name), \(name), threads \(threads)",
            operands: .float32, loops: loops
        ) { OpenBLASProducts(loops: loops) }
    }

    /// oneDNN for large matrix products, in fp32 or with bfloat16 operands; vectorised loops, in fp32, for everything
    /// else. Where the CPU does not multiply bfloat16, its rounding is kept and its speed is not.
    public static func oneDNN(threads: Int, operands: ElementType) -> ComputeBackend {
        let loops = maws_vector_loops().pointee
        let emulates = operands == .bfloat16 && !OneDNNProducts.multipliesHalf
        let precision = operands == .float32 ? "fp32" : emulates ? "bf16 emulated" : "bf16"
        return ComputeBackend(
            threads: threads,
            profile:
                "onednn, \(OneDNNProducts.name), \(OneDNNProducts.instructionSet), \(precision), threads \(threads)",
            operands: operands, loops: loops
        ) {
            let products = OneDNNProducts()
            return emulates ? EmulatedHalfProducts(on: products, loops: loops) : products
        }
    }
}
