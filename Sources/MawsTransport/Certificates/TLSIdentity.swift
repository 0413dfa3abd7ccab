import COpenSSL
import Glibc
import MawsBase

/// A process's own certificate and key, and the authority it trusts.
public struct TLSIdentity: Sendable {
    public let own: PeerIdentity
    let context: TLSContext
    /// Full-size records under one AES-GCM key must stay below 2^24.5 (RFC 8446, section 5.5): keys are renewed long
    /// before. Only tests renew them more often.
    package var recordsPerKey: UInt64 = 1 << 23

    /// Loads `ca.pem`, `<name>.pem` and `<name>.key` from `folder`, and checks that they belong together.
    ///
    /// - Parameter name: stem of the two files; the role's name unless a certificate was issued under another.
    public init(folder: String, role: Role, name: String? = nil) throws {
        let stem = name ?? role.rawValue
        let files = CertificateFiles(
            authority: "\(folder)/ca.pem", certificate: "\(folder)/\(stem).pem", key: "\(folder)/\(stem).key")
        own = try files.checkedIdentity(role: role)
        context = try TLSContext(files)
    }
}

/// The three files a process needs.
struct CertificateFiles {
    let authority: String
    let certificate: String
    let key: String

    /// Reads the certificate and refuses what no peer would accept, so that the mistake is named where it was made.
    func checkedIdentity(role: Role) throws -> PeerIdentity {
        for path in [authority, certificate, key] { try checkReadable(path) }
        try checkPrivate(key)
        let authorityCertificate = try PEM.certificate(authority)
        let own = try PEM.certificate(certificate)
        guard X509_verify(own.pointer, X509_get0_pubkey(authorityCertificate.pointer)) == 1 else {
            throw TransportError.badFile(
                path: certificate, reason: "was not signed by the authority in ca.pem next to it; copy both again")
        }
        guard X509_cmp_current_time(X509_get0_notAfter(own.pointer)) > 0 else {
            throw TransportError.badFile(
                path: certificate, reason: "has expired; make new certificates with `maws-coord certs`")
        }
        let subject = CertificateSubject(own.pointer)
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
                reason: "cannot be read (\(systemText(errno))); make certificates with `maws-coord certs`")
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
