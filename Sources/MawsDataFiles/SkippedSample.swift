import MawsBase

/// A sample that could not be read, and where it lies.
package struct SkippedSample: Hashable, Sendable, CustomStringConvertible {
    package var shard: String
    package var member: String
    /// Byte offset of the sample's first tar header in its shard.
    package var offset: UInt64
    package var reason: String

    package init(shard: String, member: String, offset: UInt64, reason: String) {
        self.shard = shard
        self.member = member
        self.offset = offset
        self.reason = reason
    }

    /// Without what may be secret in the shard's address.
    package var description: String {
        Secrets.hidden(in: "\(shard)\(member.isEmpty ? "" : ", " + member) at byte \(offset): \(reason)")
    }
}
