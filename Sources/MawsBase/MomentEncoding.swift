/// How an optimizer's moments, or its momentum, are kept between steps: the plan's word, from which the encodings of
/// the slots follow. Part of the result's definition.
package enum MomentEncoding: String, Codable, Hashable, CaseIterable, Sendable {
    /// Single precision: 4 bytes a weight for each moment.
    case fp32
    /// bfloat16, rounded at random: 2 bytes.
    case bf16
    /// 8-bit Adam's codes and scales: about 1 byte.
    case int8

    /// What keeps a moment that has signs, or one that has none.
    package func encoding(isSigned: Bool) -> SlotEncoding {
        switch self {
        case .fp32: .fp32
        case .bf16: .bf16
        case .int8: isSigned ? .int8 : .uint8
        }
    }
}
