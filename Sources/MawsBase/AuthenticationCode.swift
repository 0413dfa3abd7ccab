/// A code of 32 bytes that only who has a key can make, HMAC-SHA-256 for instance.
package struct AuthenticationCode: Hashable, Sendable {
    /// The bytes as little-endian numbers.
    package var words: SIMD4<UInt64>

    package init(words: SIMD4<UInt64>) { self.words = words }

    /// - Parameter bytes: 32 of them.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 32)
        func word(_ index: Int) -> UInt64 {
            (8 * index..<8 * index + 8).reversed().reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
        }
        words = SIMD4(word(0), word(1), word(2), word(3))
    }

    package var bytes: [UInt8] { (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> (8 * ($0 % 8))) } }

    /// No code at all.
    package static let none = AuthenticationCode(words: SIMD4())

    /// Several codes as one, which whoever has all their keys can check.
    package func joined(with other: Self) -> Self { Self(words: words ^ other.words) }
}
