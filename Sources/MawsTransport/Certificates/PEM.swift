import COpenSSL
import Glibc

/// Owns an X.509 certificate.
final class Certificate {
    let pointer: OpaquePointer
    init(owning pointer: OpaquePointer) { self.pointer = pointer }
    deinit { X509_free(pointer) }

    /// When it ends. The certificate outlives the look at its memory.
    var life: CertificateLife { withExtendedLifetime(self) { CertificateLife(pointer) } }
    var subject: CertificateSubject { withExtendedLifetime(self) { CertificateSubject(pointer) } }
}

/// Owns a private key.
final class PrivateKey {
    let pointer: OpaquePointer
    init(owning pointer: OpaquePointer) { self.pointer = pointer }
    deinit { EVP_PKEY_free(pointer) }
}

/// The text form of certificates and keys.
enum PEM {
    static func certificate(_ path: String) throws -> Certificate {
        let read = try withFile(path) { PEM_read_bio_X509($0, nil, nil, nil) }
        guard let read else { throw TransportError.badFile(path: path, reason: "holds no certificate") }
        return Certificate(owning: read)
    }

    static func privateKey(_ path: String) throws -> PrivateKey {
        let read = try withFile(path) { PEM_read_bio_PrivateKey($0, nil, nil, nil) }
        guard let read else { throw TransportError.badFile(path: path, reason: "holds no private key") }
        return PrivateKey(owning: read)
    }

    static func text(_ certificate: Certificate) -> [UInt8] {
        memory { PEM_write_bio_X509($0, certificate.pointer) }
    }

    static func text(_ key: PrivateKey) -> [UInt8] {
        memory { PEM_write_bio_PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) }
    }

    private static func withFile(_ path: String, _ read: (OpaquePointer) -> OpaquePointer?) throws -> OpaquePointer? {
        guard let file = BIO_new_file(path, "r") else {
            throw TransportError.badFile(path: path, reason: "cannot be read (\(systemText(errno)))")
        }
        defer { BIO_free(file) }
        return read(file)
    }

    private static func memory(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else { preconditionFailure("OpenSSL has no memory left") }
        defer { BIO_free(bio) }
        precondition(write(bio) == 1)
        var start: UnsafeMutablePointer<CChar>?
        let count = maws_bio_memory(bio, &start)
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}
