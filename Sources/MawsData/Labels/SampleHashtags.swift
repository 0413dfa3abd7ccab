/// The hashtags of a sample, wherever it comes from: a shard, a folder or a list; training, `stats`, `labels` and packs
/// all ask here.
enum SampleHashtags {
    /// - Parameters:
    ///   - said: what the sample's `.json` or the list's column says, none included; nil where it says nothing.
    ///   - caption: whose hashtags count where nothing is said.
    /// - Returns: normalised, in order, each once.
    static func of(said: [String]?, caption: String?) -> [String] {
        guard let said else { return CaptionText.hashtags(in: caption ?? "") }
        return HashtagText.distinct(said.map(HashtagText.normalized))
    }
}
