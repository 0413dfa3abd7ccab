import Foundation

/// The Swift files of the package.
struct SourceTree {
    let files: [SourceFile]

    /// Everything under `Sources` and `Tests` of the package that this test is compiled from.
    static let package = SourceTree(root: packageRoot)

    /// The folder of `Package.swift`: three levels above `Tests/TidyTests/SourceTree.swift`.
    static var packageRoot: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    init(root: URL) {
        var files: [SourceFile] = []
        for top in ["Sources", "Tests"] {
            let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(top).path)
            for case let name as String in names ?? .init() where name.hasSuffix(".swift") {
                let path = "\(top)/\(name)"
                if let text = try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8) {
                    files.append(SourceFile(path: path, text: text))
                }
            }
        }
        self.files = files.sorted { $0.path < $1.path }
    }

    var sources: [SourceFile] { files.filter { $0.path.hasPrefix("Sources/") } }

    /// Files of these targets.
    func targets(_ names: [String]) -> [SourceFile] { sources.filter { names.contains($0.target) } }
}

struct SourceFile {
    /// Relative to the package.
    let path: String
    let text: String
    let lines: [String]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// `Sources` or `Tests` and the target.
    var folder: String { path.split(separator: "/").prefix(2).joined(separator: "/") }

    /// The lines without line comments, so that prose does not count as code.
    var code: [String] {
        lines.map { line in
            guard let comment = line.range(of: "//") else { return line }
            // `//` inside a string, as in a URL, is not a comment.
            let isInString = line[..<comment.lowerBound].filter { $0 == "\"" }.count % 2 == 1
            return isInString ? line : String(line[..<comment.lowerBound].replacing(/\s+$/, with: ""))
        }
    }

    /// `path:line: what` for every line of code that holds a match.
    func places<Output>(of pattern: Regex<Output>, _ what: String) -> [String] {
        code.enumerated().filter { $0.element.contains(pattern) }.map { "\(path):\($0.offset + 1): \(what)" }
    }

    /// Functions and initialisers that have a body, with the lines from their first to their closing brace. Relies on
    /// the formatter: the closing brace stands alone at the indentation of the declaration.
    var functions: [(line: Int, name: String, length: Int)] {
        var found: [(line: Int, name: String, length: Int)] = []
        let code = code
        for (index, line) in code.enumerated() {
            guard let match = line.prefixMatch(of: /(\s*)(?:@?[a-z()]+ )*(?:func (\S+?)[(<]|(init)[?(<]|(deinit))/),
                hasBody(code[index...], indentation: match.1.count)
            else { continue }
            let closing = String(match.1) + "}"
            let end = code[index...].firstIndex { $0 == closing } ?? index
            let name = match.2 ?? match.3 ?? match.4 ?? ""
            found.append((index + 1, String(name), line.hasSuffix("}") ? 1 : end - index + 1))
        }
        return found
    }

    /// Whether the declaration that these lines begin with opens a brace, as a protocol's requirement does not: its
    /// further lines lie deeper than it, close its parameters or say what they have to be.
    private func hasBody(_ lines: ArraySlice<String>, indentation: Int) -> Bool {
        for (line, next) in zip(lines, lines.dropFirst()) {
            if line.hasSuffix("{") || line.hasSuffix("}") { return true }
            let depth = next.prefix { $0 == " " }.count
            let rest = next.dropFirst(depth)
            guard depth > indentation || rest.hasPrefix(")") || rest.hasPrefix("where ") || rest == "{" else {
                return false
            }
        }
        return lines.last?.hasSuffix("}") ?? false
    }
}
