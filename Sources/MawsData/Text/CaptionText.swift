/// Cleans captions and finds the hashtags in them.
public enum CaptionText {
    /// `#` and `＃` signs removed, runs of white space and control characters turned into one blank, none at the ends.
    public static func sanitized(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var needsBlank = false
        for scalar in text.unicodeScalars where scalar != "#" && scalar != "＃" {
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

    /// The `#tags` of a caption in order, normalised, each once. The full-width `＃` begins one too.
    public static func hashtags(in text: String) -> [String] {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "#") || $0 >= 0x80 }) else { return [] }
        var tags: [String] = []
        for piece in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "#" || $0 == "＃" })
            .dropFirst()
        {
            let tag = HashtagText.normalized(String(piece.prefix { $0.isLetter || $0.isNumber || $0 == "_" }))
            if !tag.isEmpty, !tags.contains(tag) { tags.append(tag) }
        }
        return tags
    }
}
