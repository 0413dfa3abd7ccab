import COpenSSL
import MawsBase

/// Who a certificate says its holder is: subject `O` is the cluster, `OU` the role, `CN` the name.
package struct PeerIdentity: Hashable, Sendable {
    package let role: Role
    package let name: String
    package let cluster: String

    package init(role: Role, name: String, cluster: String) {
        self.role = role
        self.name = name
        self.cluster = cluster
    }
}

/// A certificate's subject as it stands there, before anyone believes it, fit for a log.
struct CertificateSubject: Hashable {
    let cluster: String
    let role: String
    let name: String
    let life: CertificateLife

    init(_ certificate: OpaquePointer) {
        let subject = X509_get_subject_name(certificate)
        cluster = Self.text(subject, NID_organizationName)
        role = Self.text(subject, NID_organizationalUnitName)
        name = Self.text(subject, NID_commonName)
        life = CertificateLife(certificate)
    }

    /// The identity, when the role is one that exists.
    var identity: PeerIdentity? {
        Role(rawValue: role).map { PeerIdentity(role: $0, name: name, cluster: cluster) }
    }

    private static func text(_ subject: OpaquePointer?, _ field: Int32) -> String {
        let index = X509_NAME_get_index_by_NID(subject, field, -1)
        guard index >= 0, let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)) else { return "" }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, value)
        guard count >= 0, let bytes else { return "" }
        defer { CRYPTO_free(bytes, nil, 0) }
        let text = String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
        return PlainText.line(text, charactersMax: 64)
    }
}
