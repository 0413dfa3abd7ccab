/// What a server and a checkpoint keep of every trainable weight; frozen blocks have the weight alone.
public enum TensorKind: UInt8, Hashable, CaseIterable, Sendable {
    case weight = 0
    case firstMoment = 1
    case secondMoment = 2
}
