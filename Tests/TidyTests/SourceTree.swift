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
            return isInString ? line : String(line[..<comment.lowerBound])
        }
    }

    /// `path:line: what` for every line of code that holds a match.
    func places<Output>(of pattern: Regex<Output>, _ what: String) -> [String] {
        code.enumerated().filter { $0.element.contains(pattern) }.map { "\(path):\($0.offset + 1): \(what)" }
    }

    /// Functions and initialisers with the lines from their first to their closing brace. Relies on the formatter: the
    /// closing brace stands alone at the indentation of the declaration.
    var functions: [(line: Int, name: String, length: Int)] {
        var found: [(line: Int, name: String, length: Int)] = []
        for (index, line) in code.enumerated() {
            guard let match = line.prefixMatch(of: /(\s*)(?:@?[a-z()]+ )*(?:func (\S+?)[(<]|(init)[?(<]|(deinit))/)
            else { continue }
            let closing = String(match.1) + "}"
            let end = code[index...].firstIndex { $0 == closing } ?? index
            // A declaration on one line, or a requirement of a protocol, has no closing brace of its own.
            let isOneLine = line.hasSuffix("}") || !code[index...end].contains { $0.hasSuffix("{") }
            let name = match.2 ?? match.3 ?? match.4 ?? ""
            found.append((index + 1, String(name), isOneLine ? 1 : end - index + 1))
        }
        return found
    }
}
