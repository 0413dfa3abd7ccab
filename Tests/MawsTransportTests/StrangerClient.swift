import COpenSSL
import Foundation

/// A client that is not ours, straight on OpenSSL and sockets, to present what our own never would.
struct StrangerClient {
    var certificateFolder: (folder: String, name: String)?
    var highestVersion = TLS1_3_VERSION

    /// Connects, tries a handshake and then to read; returns what OpenSSL says went wrong, empty when nothing did.
    func visit(port: UInt16) -> String {
        let context = SSL_CTX_new(TLS_method())
        defer { SSL_CTX_free(context) }
        maws_ssl_ctx_use_versions(context, TLS1_2_VERSION, highestVersion)
        if let (folder, name) = certificateFolder {
            SSL_CTX_use_certificate_chain_file(context, "\(folder)/\(name).pem")
            SSL_CTX_use_PrivateKey_file(context, "\(folder)/\(name).key", SSL_FILETYPE_PEM)
        }
        let descriptor = connectTCP(port: port)
        let ssl = SSL_new(context)
        defer {
            SSL_free(ssl)
            close(descriptor)
        }
        SSL_set_fd(ssl, descriptor)
        ERR_clear_error()
        var byte: UInt8 = 0
        if SSL_connect(ssl) == 1, SSL_read(ssl, &byte, 1) == 1 { return "" }
        let code = ERR_peek_error()
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "closed"
    }
}

func connectTCP(port: UInt16) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    precondition(connected == 0)
    return descriptor
}
