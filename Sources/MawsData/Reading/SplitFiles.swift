/// The small text files that come with shards.
public enum SplitFiles {
    /// Hashtags of a vocabulary file (`tag<TAB>count` lines) in order: the line is the label.
    public static func vocabulary(path: String) throws -> [String] { fatalError("filled by the next commit") }

    /// Names of each class: one class a line, synonyms separated by commas.
    public static func classes(path: String) throws -> [[String]] { fatalError("filled by the next commit") }

    /// Prompt templates, one a line, each holding `{}`.
    public static func templates(path: String) throws -> [String] { fatalError("filled by the next commit") }
}
