import MawsBase

/// Who a certificate says its holder is.
public struct PeerIdentity: Hashable, Sendable {
    public let role: Role
    public let name: String
    public let cluster: String

    public init(role: Role, name: String, cluster: String) {
        self.role = role
        self.name = name
        self.cluster = cluster
    }
}

/// A process's own certificate and key, and the authority it trusts.
public struct TLSIdentity: Sendable {
    public let own: PeerIdentity

    /// Loads `ca.pem`, `<name>.pem` and `<name>.key` from `folder`, and checks that they belong together.
    ///
    /// - Parameter name: stem of the two files; the role's name unless a certificate was issued under another.
    public init(folder: String, role: Role, name: String? = nil) throws {
        fatalError("filled in by the next commit")
    }
}
