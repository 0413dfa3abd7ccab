import MawsBase

/// Makes a cluster's certificates: one authority, and one certificate a role.
public enum CertificateAuthority {
    /// Writes `ca.pem`, `ca.key` and `<role>.pem`, `<role>.key` for every role into `folder`, which must not exist or be
    /// empty. The folder appears at once and whole, mode 0700, keys 0600.
    public static func make(folder: String, cluster: String, validDays: Int = 3650) throws {
        fatalError("filled in by the next commit")
    }
}
