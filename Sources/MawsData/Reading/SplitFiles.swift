import MawsDataFiles

/// The small text files that come with shards.
package enum SplitFiles {
    private static let sizeMax = 1 << 28

    /// Hashtags, one a line.
    package static func hashtags(path: String) throws -> [String] { try lines(path).map(String.init) }

    /// Names of each class: one class a line, its names separated by commas.
    package static func classes(path: String) throws -> [[String]] {
        try lines(path).enumerated().map { index, line in
            let names = names(line)
            guard !names.isEmpty else {
                throw DataError.line(
                    file: path, line: index + 1, problem: "expected the names of a class, separated by commas")
            }
            return names
        }
    }

    /// The names of a class in one text, those between commas.
    static func names(_ text: Substring) -> [String] {
        text.split(separator: ",").map { CaptionText.sanitized(String($0)) }.filter { !$0.isEmpty }
    }

    /// Prompt templates, one a line that is not blank, `{}` where the name of a class goes.
    package static func templates(path: String) throws -> [String] {
        try lines(path).enumerated().compactMap { index, line in
            let template = CaptionText.sanitized(String(line))
            if template.isEmpty { return nil }
            guard template.contains("{}") else {
                throw DataError.line(
                    file: path, line: index + 1, problem: "expected a template with {} where a class's name goes")
            }
            return template
        }
    }

    /// The file's lines without blank ones at its end. A file of nothing else is an error.
    package static func lines(_ path: String) throws -> [Substring] {
        guard let text = String(validating: try InputFile.contents(path, limit: sizeMax), as: UTF8.self) else {
            throw DataError.file(path: path, problem: "is not UTF-8 text")
        }
        var lines = text.withoutByteOrderMark.split(omittingEmptySubsequences: false) { $0.isNewline }
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        guard !lines.isEmpty else { throw DataError.file(path: path, problem: "is empty") }
        return lines
    }
}
