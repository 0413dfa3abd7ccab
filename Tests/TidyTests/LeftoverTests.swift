import Foundation
import Testing

/// What must not be left in a finished tree.
@Suite struct LeftoverTests {
    private let tree = SourceTree.package

    @Test func nothingIsMarkedForLater() {
        // Put together here, so that this file does not find itself.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        var found: [String] = []
        for file in tree.files {
            for (index, line) in file.lines.enumerated() where marks.contains(where: { line.contains($0) }) {
                found.append("\(file.path):\(index + 1): \(line)")
            }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test func commentsHaveASubject() {
        // "Of one bank." leaves a reader to guess what it is of.
        let places = tree.files.flatMap { file in
            file.lines.enumerated().filter { $0.element.contains(#///+ Of\b/#) }.map {
                "\(file.path):\($0.offset + 1): \($0.element)"
            }
        }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
    }

    @Test func nothingIsAStub() {
        let places = tree.sources.flatMap {
            $0.places(of: /\bfatalError\(/, "is a stub; write it, or say with preconditionFailure what cannot be")
        }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
    }

    @Test func noErrorIsForcedAway() {
        let places = tree.sources.flatMap { $0.places(of: /\btry!|\bas!/, "traps without a sentence") }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
    }

    @Test func noPathOfOneMachineIsInTheTree() throws {
        // Put together here, so that this file does not find itself.
        let roots = ["/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", "/U" + "sers/"]
        var found: [String] = []
        for path in Self.texts() {
            let text = try String(contentsOf: SourceTree.packageRoot.appendingPathComponent(path), encoding: .utf8)
            for root in roots where text.contains(root) { found.append("\(path) holds \(root)") }
        }
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    /// Every text of the package a person writes.
    private static func texts() -> [String] {
        let endings = [".swift", ".md", ".py", ".yaml", ".yml", ".sh", ".service", ".h", ".c", ".cpp", ".txt"]
        let tops = ["Sources", "Tests", "Scripts", "Deploy", "Protocol", "docs"]
        let below = tops.flatMap { top -> [String] in
            let names = FileManager.default.enumerator(
                atPath: SourceTree.packageRoot.appendingPathComponent(top).path)
            return (names ?? .init()).compactMap { $0 as? String }.map { "\(top)/\($0)" }
        }
        let files = ["Package.swift", "README.md", "ARCHITECTURE.md"] + below
        return files.filter { path in
            endings.contains(where: path.hasSuffix)
                && FileManager.default.fileExists(atPath: SourceTree.packageRoot.appendingPathComponent(path).path)
        }
    }
}
