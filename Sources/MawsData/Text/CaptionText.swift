/// Cleans captions. The hashtags in them: `HashtagFinder`.
package enum CaptionText {
    /// `#` and `＃` signs removed, runs of white space and control characters turned into one blank, none at the ends.
    package static func sanitized(_ text: String) -> String {
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

    /// The hashtags of a caption in order, normalised, each once; see `HashtagFinder` for what one is.
    package static func hashtags(in text: String) -> [String] {
        guard HashtagFinder.mayFind(in: text) else { return [] }
        return HashtagText.distinct(HashtagFinder(text).found.map(HashtagText.normalized))
    }
}
