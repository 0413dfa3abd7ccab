import COpenSSL
import Glibc
import MawsBase

/// Makes a cluster's certificates: one authority, one certificate a role, and more where a machine wants its own.
///
/// Only `ca.key` can make more; it belongs on no machine that runs a process of the cluster but the coordinator's.
package enum CertificateAuthority {
    /// Days that a process's certificate lives, and its authority, unless asked otherwise.
    package static let leafDays = 365
    package static let authorityDays = 3650

    /// Writes `ca.pem`, `ca.key` and `<role>.pem`, `<role>.key` for every role into `folder`, which must not exist or
    /// be empty. The folder appears at once and whole, mode 0700, files 0600.
    ///
    /// - Parameter cluster: 1 to 64 bytes; every process of the cluster presents it.
    /// - Parameter validDays: of the processes' certificates; the authority lives for ten years, or as long as they do.
    package static func make(folder: String, cluster: String, validDays: Int = leafDays) throws {
        try checkName(cluster, for: "the cluster")
        let maker = CertificateMaker(cluster: cluster, validSeconds: validDays * secondsPerDay)
        let root = CertificateMaker(cluster: cluster, validSeconds: max(validDays, authorityDays) * secondsPerDay)
        let key = CertificateMaker.makeKey()
        let authority = root.make(.authority, name: "authority", key: key, issuer: nil)
        let draft = try PrivateFolder(replacing: folder)
        try draft.write(PEM.text(authority), to: "ca.pem")
        try draft.write(PEM.text(key), to: "ca.key")
        for role in Role.allCases {
            let issued = issue(role: role.rawValue, name: role.rawValue, by: maker, (authority, key))
            try draft.write(issued.certificate, to: "\(role.rawValue).pem")
            try draft.write(issued.key, to: "\(role.rawValue).key")
        }
        try draft.publish()
    }

    /// Writes `<name>.pem` and `<name>.key` for one more process, signed by the authority in `authorityFolder`, and a
    /// copy of its `ca.pem`, into `folder`, which must not exist or be empty.
    package static func issue(
        from authorityFolder: String, role: Role, name: String, into folder: String, validDays: Int = leafDays
    ) throws {
        try issue(
            from: authorityFolder, roleText: role.rawValue, name: name, into: folder,
            validSeconds: validDays * secondsPerDay)
    }

    /// As the other function, for any text as role and any lifetime, so that tests can make what must be refused.
    package static func issue(
        from authorityFolder: String, roleText: String, name: String, into folder: String, validSeconds: Int
    ) throws {
        try checkName(name, for: "the process")
        let authority = try PEM.certificate("\(authorityFolder)/ca.pem")
        let key = try PEM.privateKey("\(authorityFolder)/ca.key")
        let cluster = authority.subject.cluster
        let maker = CertificateMaker(cluster: cluster, validSeconds: validSeconds)
        let issued = issue(role: roleText, name: name, by: maker, (authority, key))
        let draft = try PrivateFolder(replacing: folder)
        try draft.write(PEM.text(authority), to: "ca.pem")
        try draft.write(issued.certificate, to: "\(name).pem")
        try draft.write(issued.key, to: "\(name).key")
        try draft.publish()
    }

    /// Makes the certificates of a folder that `make` made anew, under the same authority, where one of them is in its
    /// last days. Returns whether it did.
    package static func renew(folder: String, validDays: Int = leafDays) throws -> Bool {
        let isDue = Role.allCases.contains { role in
            guard let certificate = try? PEM.certificate("\(folder)/\(role.rawValue).pem") else { return true }
            return certificate.life.daysLeft() < CertificateLife.warningDays
        }
        // Whoever took the authority's key away renews by hand.
        guard isDue, access("\(folder)/ca.key", R_OK) == 0 else { return false }
        let authority = try PEM.certificate("\(folder)/ca.pem")
        let key = try PEM.privateKey("\(folder)/ca.key")
        let maker = CertificateMaker(
            cluster: authority.subject.cluster, validSeconds: validDays * secondsPerDay)
        for role in Role.allCases {
            let issued = issue(role: role.rawValue, name: role.rawValue, by: maker, (authority, key))
            let stem = "\(folder)/\(role.rawValue)"
            // A death between the two leaves a pair that does not fit; its certificate is still in its last days then.
            try PrivateFolder.replace("\(stem).key", with: issued.key)
            try PrivateFolder.replace("\(stem).pem", with: issued.certificate)
        }
        return true
    }

    private static let secondsPerDay = 24 * 3600

    private static func issue(
        role: String, name: String, by maker: CertificateMaker, _ issuer: (Certificate, PrivateKey)
    ) -> (certificate: [UInt8], key: [UInt8]) {
        let key = CertificateMaker.makeKey()
        let certificate = maker.make(.process(role: role), name: name, key: key, issuer: issuer)
        return (PEM.text(certificate), PEM.text(key))
    }

    /// X.520 gives a name 64 characters; a file name takes no slash.
    private static func checkName(_ name: String, for what: String) throws {
        guard (1...64).contains(name.utf8.count), !name.contains("/"), !name.hasPrefix("."), name != "ca",
            PlainText.line(name) == name
        else {
            throw TransportError.badFile(
                path: PlainText.line(name),
                reason:
                    "cannot name \(what); use 1 to 64 bytes without a slash, a leading dot or control codes, and not "
                    + "`ca`")
        }
    }
}
