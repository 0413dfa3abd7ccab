internal import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL, fed piece by piece.
package final class Hash {
    private let context: OpaquePointer

    package init() {
        maws_openssl_start()
        guard let made = EVP_MD_CTX_new(), EVP_DigestInit_ex(made, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL has no SHA-256")
        }
        context = made
    }

    deinit { EVP_MD_CTX_free(context) }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
    }

    package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    package func update(_ text: String) { update(Array(text.utf8)) }

    /// The 32 bytes of the hash. Call once.
    package func digest() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        precondition(EVP_DigestFinal_ex(context, &digest, &count) == 1 && count == 32)
        return digest
    }

    /// The hash in hexadecimal, 64 characters. Call once.
    package func hexadecimal() -> String { Self.hexadecimal(digest()) }

    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        let hash = Hash()
        hash.update(bytes)
        return hash.digest()
    }

    package static func hexadecimal(of bytes: [UInt8]) -> String { hexadecimal(digest(of: bytes)) }

    package static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
        let hash = Hash()
        hash.update(bytes)
        return hash.hexadecimal()
    }

    /// The 32 bytes of HMAC-SHA-256 (RFC 2104).
    package static func code(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var count = 0
        let context = EVP_MAC_CTX_dup(messageCode)
        defer { EVP_MAC_CTX_free(context) }
        let isMade =
            EVP_MAC_init(context, key, key.count, nil) == 1 && EVP_MAC_update(context, bytes, bytes.count) == 1
            && EVP_MAC_final(context, &code, &count, 32) == 1
        precondition(isMade && count == 32, "OpenSSL has no HMAC-SHA-256")
        return code
    }

    /// Looked up once: OpenSSL finds an algorithm by its name, which takes longer than the code of a short text.
    private nonisolated(unsafe) static let messageCode: OpaquePointer = {
        maws_openssl_start()
        guard let context = maws_make_message_code() else { preconditionFailure("OpenSSL has no HMAC-SHA-256") }
        return context
    }()

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
