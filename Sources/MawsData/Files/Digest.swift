internal import COpenSSL

/// A running SHA-256 (FIPS 180-4), computed by OpenSSL.
final class Digest {
    private let context: OpaquePointer

    init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL has no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: [UInt8]) {
        precondition(EVP_DigestUpdate(context, bytes, bytes.count) == 1)
    }

    func update(_ text: String) { update(Array(text.utf8)) }

    /// The hash in hex. The digest takes no more bytes afterwards.
    func finish() -> String {
        var hash = [UInt8](repeating: 0, count: 32)
        precondition(EVP_DigestFinal_ex(context, &hash, nil) == 1)
        return hash.map { hexadecimal($0) }.joined()
    }

    static func hash(_ bytes: [UInt8]) -> String {
        let digest = Digest()
        digest.update(bytes)
        return digest.finish()
    }
}
