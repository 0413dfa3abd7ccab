import Testing

/// What a reader of the arithmetic must find beside it.
@Suite struct KernelTests {
    private let tree = SourceTree.package

    /// A slice is a flat run of numbers: its shape is what its function says, `[rows, width]`.
    @Test func functionsSayTheShapesOfTheirSlices() {
        let files = tree.sources.filter {
            $0.target == "MawsKernels" || $0.path.hasPrefix("Sources/MawsModel/Transformer/")
        }
        #expect(files.count > 10)
        let places = files.flatMap { file in
            file.lines.indices.filter { takesSlices(file.lines, $0) && !saysShapes(file.lines, $0) }.map {
                "\(file.path):\($0 + 1): \(file.lines[$0])"
            }
        }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
    }

    private func takesSlices(_ lines: [String], _ index: Int) -> Bool {
        guard lines[index].contains(/^\s*package .*(func |init\()/) else { return false }
        let end = lines[index...].firstIndex { $0.hasSuffix("{") || $0.hasSuffix("}") } ?? index
        let signature = lines[index...end].joined().split(separator: ") ->").first ?? ""
        return signature.contains("FloatSlice") || signature.contains("ActivationSlice")
    }

    private func saysShapes(_ lines: [String], _ index: Int) -> Bool {
        let comment = lines[..<index].reversed().prefix { $0.contains(/^\s*\/\/\//) }
        return comment.contains { $0.contains("[") }
    }
}
