/// Which library multiplies matrices.
package enum ComputeKind: String, CaseIterable, Codable, Hashable, Sendable {
    /// OpenBLAS, fp32: the truth, on any CPU.
    case reference
    /// oneDNN, fp32 and bf16: the default where the CPU has AVX2.
    case onednn
}

/// What decides the bits of a trainer's gradients besides the plan and the data. The number of threads does not.
package struct ComputeProfile: Hashable, Sendable, CustomStringConvertible {
    package var kind: ComputeKind
    /// `oneDNN 2.6.3`.
    package var library: String
    /// What the library's products use, `avx512_core_bf16`.
    package var kernels: String
    /// What everything else uses, `avx512`.
    package var loops: String

    package init(kind: ComputeKind, library: String, kernels: String, loops: String) {
        (self.kind, self.library, self.kernels, self.loops) = (kind, library, kernels, loops)
    }

    /// As a trainer says it, and `init(text:)` reads it: `onednn; oneDNN 2.6.3; avx2; avx2`.
    package var description: String { "\(kind.rawValue); \(library); \(kernels); \(loops)" }

    /// Nil where the text is no profile.
    package init?(text: String) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " })
        }
        guard parts.count == 4, let kind = ComputeKind(rawValue: parts[0]) else { return nil }
        self.init(kind: kind, library: parts[1], kernels: parts[2], loops: parts[3])
    }

    /// What differs from another profile, in words: `its library is oneDNN 3.1 and not oneDNN 2.6.3`.
    package func differences(from other: ComputeProfile) -> [String] {
        let fields = [
            ("backend", kind.rawValue, other.kind.rawValue), ("library", library, other.library),
            ("library's instruction set", kernels, other.kernels), ("loops' instruction set", loops, other.loops),
        ]
        return fields.filter { $0.1 != $0.2 }.map { "its \($0.0) is \($0.1) and not \($0.2)" }
    }
}
