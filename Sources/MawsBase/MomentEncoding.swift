/// How AdamW's moments are kept between steps. Part of the result's definition.
public enum MomentEncoding: String, Codable, Hashable, CaseIterable, Sendable {
    /// Single precision: 8 bytes a weight for both moments.
    case fp32
    /// bfloat16, rounded at random so that small changes are not lost on average: 4 bytes a weight.
    case bf16
    /// 8-bit Adam (Dettmers et al., "8-bit Optimizers via Block-wise Quantization", ICLR 2022): a code of the dynamic
    /// map for each element, and the largest magnitude of each group of at most 256: about 2 bytes a weight.
    case int8

    /// Bytes of one element's code.
    public var codeWidth: Int {
        switch self {
        case .fp32: 4
        case .bf16: 2
        case .int8: 1
        }
    }
}
