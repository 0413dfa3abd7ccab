internal import CVectorLoops
import MawsBase
import MawsTensor

extension ComputeBackend {
    /// fp32 on any CPU: OpenBLAS for large matrix products, vectorised loops for everything else.
    package static func reference(threads: Int) -> ComputeBackend {
        reference(threads: threads, loops: fastestLoops)
    }

    /// The reference with the loops of one instruction set, `baseline` for instance; nil when this machine cannot run
    /// them.
    package static func reference(threads: Int, instructionSet: String) -> ComputeBackend? {
        guard let loops = maws_vector_loops_named(instructionSet) else { return nil }
        return reference(threads: threads, loops: loops.pointee)
    }

    /// oneDNN, or our own loops where they are faster, for large matrix products, in fp32 or with bfloat16 operands;
    /// vectorised loops, in fp32, for everything else. Where the CPU does not multiply bfloat16, its rounding is kept
    /// and its speed is not.
    package static func oneDNN(threads: Int, operands: ElementType) -> ComputeBackend {
        let loops = fastestLoops
        return ComputeBackend(threads: threads, profile: profile(of: .onednn), operands: operands, loops: loops) {
            fastestProducts(operands, loops)
        }
    }

    /// oneDNN for all large matrix products, to compare with.
    package static func oneDNNAlone(threads: Int, operands: ElementType) -> ComputeBackend {
        let loops = fastestLoops
        var profile = profile(of: .onednn)
        profile.library = OneDNNProducts.name
        return ComputeBackend(threads: threads, profile: profile, operands: operands, loops: loops) {
            emulatingBFloat16(OneDNNProducts(), operands, loops)
        }
    }

    private static func fastestProducts(_ operands: ElementType, _ loops: MawsVectorLoops) -> any MatrixProducts {
        let library = OneDNNProducts()
        return emulatingBFloat16(panelsAreFastest ? PanelProducts(others: library) : library, operands, loops)
    }

    private static func emulatingBFloat16(
        _ products: any MatrixProducts, _ operands: ElementType, _ loops: MawsVectorLoops
    ) -> any MatrixProducts {
        let emulates = operands == .bfloat16 && !multipliesBFloat16
        return emulates ? EmulatedBFloat16Products(on: products, loops: loops) : products
    }

    private static var panelsAreFastest: Bool {
        PanelProducts.areFastest(instructionSet: OneDNNProducts.instructionSet)
    }

    /// A backend of one thread that takes the memory of one of `kind` and computes nothing: for a `BufferTally` that
    /// rehearses.
    package static func rehearsal(_ kind: ComputeKind, operands: ElementType) -> ComputeBackend {
        let loops = fastestLoops
        return ComputeBackend(
            threads: 1, profile: profile(of: kind), operands: operands, loops: loops, rehearses: true
        ) {
            RehearsedProducts(
                of: kind == .reference ? OpenBLASProducts(loops: loops) : fastestProducts(operands, loops))
        }
    }

    /// Nil where the kind cannot compute with such operands: the reference knows fp32 alone.
    package static func make(_ kind: ComputeKind, threads: Int, operands: ElementType) -> ComputeBackend? {
        switch (kind, operands) {
        case (.reference, .float32): reference(threads: threads)
        case (.reference, .bfloat16): nil
        case (.onednn, _): oneDNN(threads: threads, operands: operands)
        }
    }

    /// The fastest kind on this CPU.
    package static var fastestKind: ComputeKind { ComputeFallback.fastestKind(on: .present) }

    /// The loops of the best instruction set that this CPU has. `ONEDNN_MAX_CPU_ISA` limits them as it limits oneDNN:
    /// all is computed as on a CPU that has no more.
    static var fastestLoops: MawsVectorLoops {
        let limit: String? =
            switch OneDNNProducts.instructionSet {
            case "sse41", "avx": "baseline"
            case "avx2": "avx2"
            case "avx512_core", "avx512_core_vnni": "avx512"
            default: nil
            }
        return (limit.flatMap { maws_vector_loops_named($0) } ?? maws_vector_loops()).pointee
    }

    /// Whether this CPU multiplies bfloat16, at about twice the speed of fp32.
    package static var multipliesBFloat16: Bool { OneDNNProducts.multipliesBFloat16 }

    /// What computing with this kind on this machine is, for any number of threads.
    package static func profile(of kind: ComputeKind) -> ComputeProfile {
        let loops = String(cString: fastestLoops.name)
        return switch kind {
        case .reference: OpenBLASProducts.profile(loops: loops)
        case .onednn:
            ComputeProfile(
                kind: .onednn, library: (panelsAreFastest ? PanelProducts.name + " + " : "") + OneDNNProducts.name,
                kernels: OneDNNProducts.instructionSet, loops: loops)
        }
    }

    private static func reference(threads: Int, loops: MawsVectorLoops) -> ComputeBackend {
        ComputeBackend(
            threads: threads, profile: OpenBLASProducts.profile(loops: String(cString: loops.name)),
            operands: .float32, loops: loops
        ) { OpenBLASProducts(loops: loops) }
    }
}
