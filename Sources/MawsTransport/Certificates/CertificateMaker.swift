import COpenSSL
import MawsBase

/// Builds and signs X.509 certificates on P-256 keys.
struct CertificateMaker {
    /// What a certificate is for; decides its extensions.
    enum Purpose {
        case authority
        case process(role: String)
    }

    let cluster: String
    let validSeconds: Int
    /// Allows for peers whose clocks are behind.
    private static let backdatedSeconds = 24 * 3600

    static func makeKey() -> PrivateKey {
        guard let key = maws_make_p256_key() else { preconditionFailure("OpenSSL has no P-256") }
        return PrivateKey(owning: key)
    }

    /// - Parameter issuer: nil for a certificate that signs itself.
    func make(
        _ purpose: Purpose, name: String, key: PrivateKey, issuer: (certificate: Certificate, key: PrivateKey)?
    ) -> Certificate {
        guard let pointer = X509_new() else { preconditionFailure("OpenSSL has no memory left") }
        let certificate = Certificate(owning: pointer)
        X509_set_version(pointer, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(pointer), UInt64.random(in: 1...UInt64.max >> 1))
        X509_gmtime_adj(X509_getm_notBefore(pointer), -Self.backdatedSeconds)
        X509_gmtime_adj(X509_getm_notAfter(pointer), validSeconds)
        X509_set_pubkey(pointer, key.pointer)
        setSubject(of: pointer, purpose, name: name)
        let issuing = issuer?.certificate ?? certificate
        X509_set_issuer_name(pointer, X509_get_subject_name(issuing.pointer))
        addExtensions(to: pointer, purpose, issuer: issuing.pointer)
        let signed = X509_sign(pointer, (issuer?.key ?? key).pointer, EVP_sha256())
        precondition(signed > 0, "OpenSSL cannot sign with this key")
        return certificate
    }

    private func setSubject(of certificate: OpaquePointer, _ purpose: Purpose, name: String) {
        var fields = [("O", cluster), ("CN", name)]
        if case .process(let role) = purpose { fields.insert(("OU", role), at: 1) }
        let subject = X509_get_subject_name(certificate)
        for (field, text) in fields {
            let added = X509_NAME_add_entry_by_txt(
                subject, field, utf8Encoding, Array(text.utf8), Int32(text.utf8.count), -1, 0)
            precondition(added == 1, "\(text) does not fit a certificate's subject")
        }
    }

    private func addExtensions(to certificate: OpaquePointer, _ purpose: Purpose, issuer: OpaquePointer) {
        let extensions =
            switch purpose {
            case .authority:
                [
                    (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), (NID_key_usage, "critical,keyCertSign"),
                    (NID_subject_key_identifier, "hash"), (NID_authority_key_identifier, "keyid:always"),
                ]
            case .process:
                [
                    (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                    (NID_ext_key_usage, "serverAuth,clientAuth"), (NID_subject_key_identifier, "hash"),
                    (NID_authority_key_identifier, "keyid"),
                ]
            }
        for (identifier, value) in extensions {
            let made = maws_make_extension(issuer, certificate, identifier, value)
            precondition(X509_add_ext(certificate, made, -1) == 1, "OpenSSL refuses the extension \(value)")
            X509_EXTENSION_free(made)
        }
    }
}

/// `MBSTRING_UTF8`: OpenSSL picks the string type that fits.
private let utf8Encoding: Int32 = 0x1000
