/// Cleans captions and finds the hashtags in them.
public enum CaptionText {
    /// `#` signs removed, runs of white space and control characters turned into one blank, none at the ends.
    public static func sanitized(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var needsBlank = false
        for scalar in text.unicodeScalars where scalar != "#" {
            if scalar.properties.isWhitespace || scalar.properties.generalCategory == .control {
                needsBlank = !result.isEmpty
                continue
            }
            if needsBlank { result.append(" ") }
            needsBlank = false
            result.append(scalar)
        }
        return String(result)
    }

    /// The `#tags` of a caption in order, normalised, each once.
    public static func hashtags(in text: String) -> [String] {
        var tags: [String] = []
        for piece in text.split(separator: "#", omittingEmptySubsequences: false).dropFirst() {
            let tag = normalizedHashtag(String(piece.prefix { $0.isLetter || $0.isNumber || $0 == "_" }))
            if !tag.isEmpty, !tags.contains(tag) { tags.append(tag) }
        }
        return tags
    }

    /// Lower case, without `#` and without white space: `#OOTD` and `ootd` are the same hashtag.
    public static func normalizedHashtag(_ tag: String) -> String {
        tag.lowercased().filter { $0 != "#" && !$0.isWhitespace }
    }
}
