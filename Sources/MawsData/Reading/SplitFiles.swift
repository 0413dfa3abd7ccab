/// The small text files that come with shards.
public enum SplitFiles {
    private static let sizeMax = 1 << 28

    /// Hashtags of a vocabulary file (`tag<TAB>count` lines) in order: the line is the label.
    public static func vocabulary(path: String) throws -> [String] {
        var seen: Set<String> = []
        return try lines(path).enumerated().map { index, line in
            let tag = CaptionText.normalizedHashtag(String(line.prefix { $0 != "\t" }))
            guard !tag.isEmpty, seen.insert(tag).inserted else {
                throw DataError.line(
                    file: path, line: index + 1,
                    problem: tag.isEmpty ? "expected 'tag<TAB>count'" : "hashtag '\(tag)' is there twice")
            }
            return tag
        }
    }

    /// Names of each class: one class a line, synonyms separated by commas.
    public static func classes(path: String) throws -> [[String]] {
        try lines(path).enumerated().map { index, line in
            let names = line.split(separator: ",").map { CaptionText.sanitized(String($0)) }.filter { !$0.isEmpty }
            guard !names.isEmpty else {
                throw DataError.line(file: path, line: index + 1, problem: "expected the names of a class")
            }
            return names
        }
    }

    /// Prompt templates, one a line, each holding `{}`.
    public static func templates(path: String) throws -> [String] {
        try lines(path).enumerated().map { index, line in
            guard line.contains("{}") else {
                throw DataError.line(file: path, line: index + 1, problem: "expected a template with {} in it")
            }
            return String(line)
        }
    }

    /// The file's lines without the last, empty one. An empty file is an error.
    private static func lines(_ path: String) throws -> [Substring] {
        let text = String(decoding: try InputFile.contents(path, limit: sizeMax), as: UTF8.self)
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty else { throw DataError.file(path: path, problem: "is empty") }
        return lines
    }
}
