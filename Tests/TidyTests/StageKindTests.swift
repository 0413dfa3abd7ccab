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

    /// Where kinds are listed, one file a layer.
    private static let registries = [
        "Sources/MawsPlan/Stages/StageKind.swift", "Sources/MawsTraining/Stages/StageDefinition.swift",
        "Sources/MawsReport/Stages/StageSection.swift", "Sources/MawsRecords/Stages/ResultFiles.swift",
    ]
    /// A kind's name that means something else in a file.
    private static let otherMeanings = ["Sources/MawsOptimizer/LearningRateSchedule.swift": ".linear"]

    /// A kind's types, its name as text, and its name as a member, which a switch or a comparison has. By Unicode's
    /// rules `MAETask.self` would be one word.
    private var names: Regex<AnyRegexOutput> {
        get throws {
            let types = kinds.joined(separator: "|")
            let names = kinds.map { $0.lowercased() }.joined(separator: "|")
            return try Regex(
                #"\b(\#(types))(Task|Stage|Section|Objective|Worker|Evaluation)\b|"(\#(names))"|\.(\#(names))\b"#
            ).wordBoundaryKind(.simple)
        }
    }

    /// Files in which no kind has a place.
    private var others: [SourceFile] {
        let own = kinds.flatMap { kind in
            ["MawsPlan", "MawsTraining", "MawsReport"].map { "Sources/\($0)/Stages/\(kind)/" }
        }
        return tree.sources.filter { file in
            !own.contains { file.path.hasPrefix($0) } && !Self.registries.contains(file.path)
                && !Self.mayName.contains(file.target)
        }
    }

    @Test func onlyAKindsOwnFolderAndTheRegistriesNameIt() throws {
        let pattern = try names
        let places = others.flatMap { file in
            let text = Self.otherMeanings[file.path].map { file.text.replacing($0, with: "") } ?? file.text
            return SourceFile(path: file.path, text: text)
                .places(of: pattern, "names a kind of stage; ask its task or definition")
        }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
        for registry in Self.registries {
            let file = try #require(tree.sources.first { $0.path == registry })
            #expect(file.places(of: pattern, "").count > 0, "\(registry) lists no kind")
        }
    }

    @Test(arguments: [
        "switch stage.kind { case .mae: 1 default: 0 }", "if record.kind == .wsp {", "[.lit].contains(kind)",
        "guard let task = stage.task as? LinearTask else {", "name == \"zeroshot\"", "StageKind(rawValue: \"mae\")",
        "stage[LiTTask.self]?.fixedViews", "MAEObjective(plan: plan)",
    ])
    func aKindThatIsNamedElsewhereIsFound(_ line: String) throws {
        #expect(!SourceFile(path: "Sources/MawsReport/Page/Any.swift", text: line).places(of: try names, "").isEmpty)
    }

    @Test func nothingComparesAKindOrATasksType() {
        let pattern = /switch \S*(stage|plan)\.(kind|task)\b|\b(stage|plan)\.(kind|task) (==|!=|is|as)|\btask (is|as)\b/
        let places = others.filter { !$0.path.hasSuffix("/StageTask.swift") }
            .flatMap { $0.places(of: pattern, "asks which kind a stage is") }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))")
    }
}
