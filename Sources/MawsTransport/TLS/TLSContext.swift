import COpenSSL
import MawsBase

/// OpenSSL's settings for every connection of one identity: TLS 1.3 alone, both sides present a certificate of the
/// cluster's authority, no session is ever resumed.
///
/// Host names are not compared: machines come and go, and the certificate says what matters, the cluster and the role.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ files: CertificateFiles) throws {
        maws_openssl_start()
        guard let context = SSL_CTX_new(TLS_method()) else { preconditionFailure("OpenSSL has no memory left") }
        pointer = context
        maws_ssl_ctx_use_versions(context, TLS1_3_VERSION, TLS1_3_VERSION)
        // AES-GCM is the fastest where the processor has AES instructions.
        SSL_CTX_set_ciphersuites(
            context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")
        SSL_CTX_set_options(context, maws_ssl_options())
        SSL_CTX_set_num_tickets(context, 0)
        maws_ssl_ctx_disable_session_cache(context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, noteVerification)
        // One read of the socket fetches many records.
        maws_ssl_ctx_set_read_ahead(context)
        SSL_CTX_set_default_read_buffer_len(context, Self.readBufferCount)
        try load(files)
    }

    deinit { SSL_CTX_free(pointer) }

    private static let readBufferCount = 256 << 10

    private func load(_ files: CertificateFiles) throws {
        guard SSL_CTX_load_verify_file(pointer, files.authority) == 1 else {
            throw TransportError.badFile(path: files.authority, reason: "holds no certificate")
        }
        guard SSL_CTX_use_certificate_chain_file(pointer, files.certificate) == 1 else {
            throw TransportError.badFile(path: files.certificate, reason: "holds no certificate that OpenSSL accepts")
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, files.key, SSL_FILETYPE_PEM) == 1 else {
            throw TransportError.badFile(
                path: files.key, reason: "does not hold the private key of \(files.certificate); copy both again")
        }
    }
}

/// What OpenSSL found wrong with a peer's certificate, and whom the certificate names.
struct RejectedCertificate: Hashable {
    let code: Int32
    let subject: CertificateSubject

    var reason: String { String(cString: X509_verify_cert_error_string(Int(code))) }

    /// Whether the certificate may be fine, but of an authority this process does not know.
    var isOfOtherAuthority: Bool {
        [
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
        ].contains(code)
    }
}

/// Carries the first rejection out of OpenSSL's callback.
final class VerificationNote {
    var rejected: RejectedCertificate?
}

private func noteVerification(accepted: Int32, store: OpaquePointer?) -> Int32 {
    guard accepted == 0, let store, let certificate = X509_STORE_CTX_get_current_cert(store),
        let session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
        let note = SSL_get_ex_data(OpaquePointer(session), 0)
    else { return accepted }
    let verification = Unmanaged<VerificationNote>.fromOpaque(note).takeUnretainedValue()
    if verification.rejected == nil {
        verification.rejected = RejectedCertificate(
            code: X509_STORE_CTX_get_error(store), subject: CertificateSubject(certificate))
    }
    return 0
}
