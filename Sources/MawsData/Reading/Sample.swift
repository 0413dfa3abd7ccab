/// One sample as its shard holds it: the image still encoded, the weak labels and the clean class where they are known.
package struct Sample: Sendable {
    /// Key in the shard: the members' name up to the first dot of the base name.
    package var name: String
    /// Bytes of the PNG or JPEG file.
    package var image: [UInt8]
    /// Nil where the sample has no `.txt` member.
    package var caption: String?
    /// Without the `#`, lower case, in the order of the `.json` member.
    package var hashtags: [String]
    /// Number of the clean class, from the `.cls` member or by `className`.
    package var classIndex: Int?
    /// Nil where classes are numbers alone.
    package var className: String?
    /// What is to be counted of it, a phrase each; see `SampleAccount.Entry.reason`.
    package var remarks: [String] = []

    package init(name: String, image: [UInt8], caption: String?, hashtags: [String], classIndex: Int?) {
        self.name = name
        self.image = image
        self.caption = caption
        self.hashtags = hashtags
        self.classIndex = classIndex
    }
}
