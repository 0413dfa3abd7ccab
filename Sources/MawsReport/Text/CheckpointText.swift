import MawsProtocol

extension CheckpointFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .serverLost: "a server left while it was taken"
        case .storage(let reason): reason
        }
    }
}
