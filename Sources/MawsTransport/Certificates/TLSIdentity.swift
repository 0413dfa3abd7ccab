import COpenSSL
import Glibc
import MawsBase

/// A process's own certificate and key, and the authority it trusts.
package struct TLSIdentity: Sendable {
    package let own: PeerIdentity
    let context: TLSContext
    /// Full-size records under one AES-GCM key must stay below 2^24.5 (RFC 8446, section 5.5): keys are renewed long
    /// before. Only tests renew them more often.
    package var recordsPerKey: UInt64 = 1 << 23

    /// Sentences about the process's certificate, and its authority's, in their last days.
    package var warnings: [String] {
        [
            life.warning(of: "the \(own.role.rawValue) certificate \(own.name) of this process"),
            authorityLife.warning(of: "the cluster's authority, which all certificates need,"),
        ].compactMap(\.self)
    }

    private let life: CertificateLife
    private let authorityLife: CertificateLife

    /// Loads `ca.pem`, and the certificate and key of the role: `<role>.pem` and `<role>.key`, or else the one pair of
    /// the folder that is for this role, whatever its name. Checks that they belong together.
    ///
    /// - Parameter name: stem of the two files, where the folder has several.
    package init(folder: String, role: Role, name: String? = nil) throws {
        let stem = try name ?? CertificateFiles.stem(in: folder, role: role)
        let files = CertificateFiles(
            authority: "\(folder)/ca.pem", certificate: "\(folder)/\(stem).pem", key: "\(folder)/\(stem).key")
        own = try files.checkedIdentity(role: role)
        life = try PEM.certificate(files.certificate).life
        authorityLife = try PEM.certificate(files.authority).life
        context = try TLSContext(files)
    }

    /// Whether a folder has a certificate of the role.
    package static func isThere(folder: String, role: Role) -> Bool {
        guard let stem = try? CertificateFiles.stem(in: folder, role: role) else { return false }
        return access("\(folder)/\(stem).pem", F_OK) == 0
    }
}

/// The three files a process needs.
struct CertificateFiles {
    let authority: String
    let certificate: String
    let key: String

    /// The stem of the files of a role: its name, or that of the only certificate for it.
    static func stem(in folder: String, role: Role) throws -> String {
        let usual = "\(folder)/\(role.rawValue).pem"
        if access(usual, F_OK) == 0 { return role.rawValue }
        let stems = PrivateFolder.names(in: folder).filter { $0.hasSuffix(".pem") && $0 != "ca.pem" }.map {
            String($0.dropLast(4))
        }
        let found = stems.sorted().filter { stem in
            let certificate = try? PEM.certificate("\(folder)/\(stem).pem")
            return certificate?.subject.role == role.rawValue
        }
        guard found.count < 2 else {
            throw TransportError.badFile(
                path: folder,
                reason: "holds \(found.count) certificates for the role \(role.rawValue) "
                    + "(\(found.joined(separator: ", "))); leave one of them there")
        }
        // With none, the usual name is what an error will say is missing.
        return found.first ?? role.rawValue
    }

    /// Reads the certificate and refuses what no peer would accept, so that the mistake is named where it was made.
    func checkedIdentity(role: Role) throws -> PeerIdentity {
        for path in [authority, certificate, key] { try checkReadable(path) }
        try checkPrivate(key)
        let authorityCertificate = try PEM.certificate(authority)
        let own = try PEM.certificate(certificate)
        defer { withExtendedLifetime((authorityCertificate, own)) {} }
        guard X509_verify(own.pointer, X509_get0_pubkey(authorityCertificate.pointer)) == 1 else {
            throw TransportError.badFile(
                path: certificate, reason: "was not signed by the authority in ca.pem next to it; copy both again")
        }
        guard X509_cmp_current_time(X509_get0_notAfter(own.pointer)) > 0 else {
            throw TransportError.badFile(
                path: certificate, reason: "has expired; make new certificates with `maws-coord certs`")
        }
        let subject = own.subject
        guard let identity = subject.identity, identity.role == role else {
            throw TransportError.badFile(
                path: certificate, reason: "is for the role \(subject.role), but \(role.rawValue) is needed here")
        }
        return identity
    }

    private func checkReadable(_ path: String) throws {
        guard access(path, R_OK) == 0 else {
            throw TransportError.badFile(
                path: path,
                reason:
                    "cannot be read (\(systemText(errno))); make certificates with `maws-coord certs`, and copy the "
                    + "folder that it makes for this machine")
        }
    }

    private func checkPrivate(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw TransportError.badFile(
                path: path, reason: "is a private key that other users may read; run `chmod 600` on it")
        }
    }
}

/// The system's words for an error number.
func systemText(_ number: Int32) -> String { String(cString: strerror(number)) }
