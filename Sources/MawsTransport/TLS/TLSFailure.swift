import COpenSSL
import MawsBase

/// Why TLS cannot go on.
enum TLSFailure: Hashable {
    /// The socket failed with this error number.
    case system(Int32)
    /// OpenSSL's reason code and words, and the peer's certificate when that was rejected.
    case library(reason: Int32, text: String, rejected: RejectedCertificate?)

    /// Reason codes above this are alerts that the peer sent.
    private static let alertBase: Int32 = 1000

    /// - Parameter cluster: this process's own.
    func error(peer: String, cluster: String) -> TransportError {
        switch self {
        case .system(let number): .broken(peer: peer, reason: systemText(number))
        case .library(_, _, let rejected?): Self.error(peer: peer, cluster: cluster, rejected)
        case .library(let reason, _, _) where reason > Self.alertBase:
            .refusedByPeer(peer: peer, reason: Self.sentence(alert: reason - Self.alertBase))
        case .library(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, _, _): .noCertificate(peer: peer)
        case .library(_, let text, _): .notTLS(peer: peer, reason: text)
        }
    }

    private static func error(peer: String, cluster: String, _ rejected: RejectedCertificate) -> TransportError {
        guard rejected.isOfOtherAuthority else {
            return .badCertificate(peer: peer, reason: rejected.reason)
        }
        let presented =
            rejected.subject.cluster == cluster
            ? "another authority of the same name" : "cluster \(rejected.subject.cluster)"
        return .otherCluster(peer: peer, presented: presented, expected: cluster)
    }

    /// What an alert means for the process that receives it (RFC 8446, section 6).
    private static func sentence(alert: Int32) -> String {
        switch alert {
        case SSL_AD_CERTIFICATE_REQUIRED: "it wants a certificate and got none"
        case SSL_AD_UNKNOWN_CA: "this process's certificate is of another cluster"
        case SSL_AD_CERTIFICATE_EXPIRED: "this process's certificate has expired"
        case SSL_AD_BAD_CERTIFICATE, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_DECRYPT_ERROR:
            "it does not accept this process's certificate"
        case SSL_AD_PROTOCOL_VERSION: "it speaks another version of TLS"
        case SSL_AD_HANDSHAKE_FAILURE: "it shares no cipher or certificate type with this process"
        default: String(cString: SSL_alert_desc_string_long(alert))
        }
    }
}
