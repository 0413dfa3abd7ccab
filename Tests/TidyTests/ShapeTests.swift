import Testing

/// The outward form of every Swift file.
@Suite struct ShapeTests {
    static let lineLengthMax = 120
    static let sourceLinesMax = 300
    static let testLinesMax = 400
    static let functionLinesMax = 40
    /// What is read as one: attention's passes, all messages of the protocol.
    static let longFiles: Set = ["Sources/MawsKernels/Attention.swift", "Sources/MawsWire/Message.swift"]
    static let longFunctions: Set = ["Sources/MawsKernels/Attention.swift backward"]

    private let tree = SourceTree.package

    @Test func thePackageIsFound() {
        #expect(tree.files.count > 100)
        #expect(tree.files.contains { $0.path == "Tests/TidyTests/ShapeTests.swift" })
    }

    @Test func linesFitTheScreen() {
        let long = tree.files.flatMap { file in
            file.lines.enumerated().filter { $0.element.count > Self.lineLengthMax }.map {
                "\(file.path):\($0.offset + 1): \($0.element.count) columns"
            }
        }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func filesAreShort() {
        let tests = Set(tree.files.map(\.path)).subtracting(tree.sources.map(\.path))
        let long = tree.files.filter { file in
            let most = tests.contains(file.path) ? Self.testLinesMax : Self.sourceLinesMax
            return file.lines.count > most + 1
        }
        let unknown = long.filter { !Self.longFiles.contains($0.path) }.map { "\($0.path): \($0.lines.count) lines" }
        #expect(unknown.isEmpty, "\(unknown.joined(separator: "\n"))")
        #expect(Self.longFiles.isSubset(of: long.map(\.path)), "a file that was long is not any more")
    }

    @Test func functionsAreShort() {
        let long = tree.files.flatMap { file in
            file.functions.filter {
                $0.length > Self.functionLinesMax && !Self.longFunctions.contains("\(file.path) \($0.name)")
            }.map { "\(file.path):\($0.line): \($0.name) has \($0.length) lines" }
        }
        #expect(long.isEmpty, "\(long.joined(separator: "\n"))")
    }

    @Test func textIsClean() {
        var dirty: [String] = []
        for file in tree.files {
            for (index, line) in file.lines.enumerated() where line.contains("\t") || line.hasSuffix(" ") {
                dirty.append("\(file.path):\(index + 1): a tab, or a space at the end")
            }
            if !file.text.hasSuffix("\n") || file.text.hasSuffix("\n\n") {
                dirty.append("\(file.path): does not end with one newline")
            }
        }
        #expect(dirty.isEmpty, "\(dirty.joined(separator: "\n"))")
    }

    @Test func everyFileHoldsCode() {
        // A target needs a file to exist at all; beside others an empty one is dead.
        let empty = tree.files.filter { file in
            file.code.allSatisfy { $0.allSatisfy(\.isWhitespace) || $0.hasPrefix("import ") }
                && tree.files.contains { $0.folder == file.folder && $0.path != file.path }
        }
        #expect(empty.isEmpty, "\(empty.map(\.path).joined(separator: "\n"))")
    }

    @Test func functionLengthsAreCounted() {
        let file = SourceFile(
            path: "Sources/A/B.swift",
            text: """
                protocol P { func required(_ x: Int) }
                struct S {
                    init() {}
                    private static func two(
                        _ x: Int
                    ) -> Int {
                        x
                    }
                    deinit {  // Why.
                        free()
                    }
                    func three() -> (Int, Int)
                    {
                        (1, 2)
                    }
                }
                protocol Q {
                    func one() -> Int
                    func two(
                        _ x: Int
                    ) throws
                        -> Int
                    init()
                }
                """)
        #expect(file.functions.map(\.name) == ["init", "two", "deinit", "three"])
        #expect(file.functions.map(\.length) == [1, 5, 3, 4])
    }
}
