/// Hashtags that a source says, and what stood where they belong and is none.
struct SaidHashtags: Hashable {
    /// As they are written; nil where nothing is said of hashtags, for then the caption's count. Empty: there are none.
    var tags: [String]?
    /// What is to be counted of the sample, a phrase each; see `SampleAccount.Entry.reason`.
    var remarks: [String] = []

    static func ignored(_ what: String) -> String { "with \(what), which is ignored" }

    /// Takes a hashtag unless nothing is left of it.
    mutating func take(_ tag: String) {
        if HashtagText.normalized(tag).isEmpty {
            remark("an empty hashtag")
        } else {
            tags = (tags ?? []) + [tag]
        }
    }

    mutating func remark(_ what: String) {
        let remark = Self.ignored(what)
        if !remarks.contains(remark) { remarks.append(remark) }
    }
}
