import MawsProtocol

extension CheckpointFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .serverLost: "a server left while it was taken"
        case .lacking(let words): "a server has not kept its version: \(words)"
        case .overtaken: "one of a later step is taken instead"
        case .storage(let reason): reason
        }
    }
}
