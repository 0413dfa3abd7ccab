import Foundation
import Testing

/// What is true of one kind of stage stands in its folder of each layer, and nothing else asks which kind a stage is.
@Suite struct StageKindTests {
    private let tree = SourceTree.package

    /// A benchmark measures stages that it names.
    private static let mayName = ["maws-bench"]

    /// The kinds' names as their folders have them.
    private var kinds: [String] {
        let folder = SourceTree.packageRoot.appendingPathComponent("Sources/MawsPlan/Stages")
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return entries.filter { !$0.hasSuffix(".swift") }.sorted()
    }

    @Test func everyLayerHasAFolderForEachKind() {
        #expect(kinds.count >= 5)
        for layer in ["MawsPlan", "MawsTraining", "MawsReport"] {
            for kind in kinds {
                let prefix = "Sources/\(layer)/Stages/\(kind)/"
                #expect(tree.sources.contains { $0.path.hasPrefix(prefix) }, "\(prefix) has no source")
            }
        }
    }

    @Test func onlyAKindsOwnFolderAndTheRegistriesNameIt() throws {
        let types = kinds.joined(separator: "|")
        let names = kinds.map { $0.lowercased() }.joined(separator: "|")
        let pattern = try Regex(
            #"\b(\#(types))(Task|Stage|Section|Objective|Worker)\b|"(\#(names))"|StageKind\.(\#(names))\b"#)
        let others = tree.sources.filter { !$0.path.contains("/Stages/") && !Self.mayName.contains($0.target) }
        let places = others.flatMap { $0.places(of: pattern, "names a kind of stage; ask its task or definition") }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
        #expect(tree.sources.contains { !$0.places(of: pattern, "").isEmpty }, "the pattern finds nothing at all")
    }

    @Test func nothingComparesAKindOrATasksType() {
        let pattern = /switch \S*(stage|plan)\.(kind|task)\b|\b(stage|plan)\.(kind|task) (==|!=|is|as)|\btask (is|as)\b/
        let others = tree.sources.filter { !$0.path.contains("/Stages/") }
        let places = others.flatMap { $0.places(of: pattern, "asks which kind a stage is") }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
    }
}
