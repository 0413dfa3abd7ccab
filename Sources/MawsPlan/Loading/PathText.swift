/// Paths that people give: where they lead to, and which of them no file system takes as they are meant.
package enum PathText {
    /// Where a path leads to that is relative to `root` unless it is absolute; an empty root is the working directory.
    package static func resolved(_ path: String, root: String) -> String {
        path.hasPrefix("/") || root.isEmpty || root == "." ? path : "\(root)/\(path)"
    }

    /// What stands in the way, as the rest of a sentence that begins with the path; nil where nothing does.
    ///
    /// A relative path `s3://photos/a.tar` would be looked for, or made, in a folder called `s3:`.
    /// - Parameter mayBeRemote: whether an http(s):// address may stand here, as it may for shards alone.
    package static func problem(_ path: String, mayBeRemote: Bool = false) -> String? {
        var text = path[...]
        for kind in ["folder:", "list:"] where text.hasPrefix(kind) { text = text.dropFirst(kind.count) }
        if text.hasPrefix("~") { return "begins with `~`, which stands for no folder here; write the folder out" }
        guard let scheme = scheme(text) else { return nil }
        switch scheme {
        case "file": return "is an address of a file; write the path alone, without `file://`"
        case "http", "https":
            guard mayBeRemote, text.startIndex == path.startIndex else {
                return "is an address, and nothing but shards is read from one; give a path"
            }
            return text.hasPrefix(scheme) ? nil : "begins with an address's name in capitals; write `\(scheme)://`"
        case "s3":
            return "is an address that is not read by itself; give an https:// address, or a command, "
                + "`pipe:aws s3 cp \(text) -` for instance"
        case "gs", "gcs":
            return "is an address that is not read by itself; give an https:// address, or a command, "
                + "`pipe:gcloud storage cat \(text)` for instance"
        default:
            return "is an address of a kind that is not read (`\(scheme)://`); give a path, an https:// address, or a "
                + "command that writes the shard, `pipe:COMMAND`"
        }
    }

    /// `s3` of `s3://photos/a.tar`; nil for what is no address.
    private static func scheme(_ text: Substring) -> String? {
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        guard name.first?.isLetter == true, text.dropFirst(name.count).hasPrefix("://") else { return nil }
        return name.lowercased()
    }
}
