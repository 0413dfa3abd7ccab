import MawsBase

/// One sample as its shard holds it: the image still encoded, the weak labels and the clean class where they are known.
public struct Sample: Sendable {
    /// Key in the shard: the members' name up to the first dot of the base name.
    public var name: String
    /// Bytes of the PNG or JPEG file.
    public var image: [UInt8]
    /// Nil where the sample has no `.txt` member.
    public var caption: String?
    /// Without the `#`, lower case, in the order of the `.json` member.
    public var hashtags: [String]
    /// Number of the clean class, from the `.cls` member or by `className`.
    public var classIndex: Int?
    /// Nil where classes are numbers alone.
    public var className: String?
    /// What is to be counted of it, a phrase each; see `SampleAccount.Entry.reason`.
    public var remarks: [String] = []

    public init(name: String, image: [UInt8], caption: String?, hashtags: [String], classIndex: Int?) {
        self.name = name
        self.image = image
        self.caption = caption
        self.hashtags = hashtags
        self.classIndex = classIndex
    }
}

/// A sample that could not be read, and where it lies.
public struct SkippedSample: Hashable, Sendable, CustomStringConvertible {
    public var shard: String
    public var member: String
    /// Byte offset of the sample's first tar header in its shard.
    public var offset: UInt64
    public var reason: String

    public init(shard: String, member: String, offset: UInt64, reason: String) {
        self.shard = shard
        self.member = member
        self.offset = offset
        self.reason = reason
    }

    /// Without what may be secret in the shard's address.
    public var description: String {
        Secrets.hidden(in: "\(shard)\(member.isEmpty ? "" : ", " + member) at byte \(offset): \(reason)")
    }
}
