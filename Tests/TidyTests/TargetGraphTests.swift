import Testing

/// Which target may depend on which.
@Suite struct TargetGraphTests {
    private let graph = TargetGraph.package

    /// A lower layer never depends on a higher one; the lists of `Package.swift`, from the lowest.
    static let layers = ["base", "messages", "world", "domain", "reports", "nodes", "programs"]

    /// Every edge of the graph but those of tests. A new one needs its word here: ask first whether the target has to
    /// know the other.
    static let allowed: [String: String] = [
        "MawsBase": "CChecksum",
        "MawsHash": "COpenSSL",
        "MawsTransport": "MawsBase MawsWire COpenSSL",
        "MawsFiles": "MawsHash",
        "MawsState": "MawsBase MawsHash MawsFiles",
        "MawsCheckpoint": "MawsBase MawsHash MawsFiles",
        "MawsDatabase": "MawsBase MawsFiles grdb",
        "MawsProcess": "MawsBase MawsHash arguments logging",
        "MawsCompression": "MawsBase CZstd",
        "MawsWire": "MawsBase",
        "MawsProtocol": "MawsBase MawsHash MawsWire",
        "MawsTensor": "MawsBase",
        "MawsSum": "MawsTensor",
        "MawsKernels": "MawsBase MawsTensor COpenBLAS CVectorLoops COneDNN",
        "MawsPlan": "MawsBase yams",
        "MawsModel": "MawsBase MawsTensor MawsSum MawsKernels MawsPlan",
        "MawsOptimizer": "MawsBase MawsTensor MawsPlan CVectorLoops",
        "MawsDataFiles": "MawsBase MawsHash MawsFiles MawsPlan",
        "MawsImages": "MawsBase MawsPlan MawsDataFiles CZlib CWebP CJPEG CPNG CImageLoops",
        "MawsData": "MawsBase MawsHash MawsFiles MawsTensor MawsPlan MawsDataFiles MawsImages CCurl CSentencePiece",
        "MawsDataTools":
            "MawsBase MawsHash MawsFiles MawsPlan MawsDataFiles MawsImages MawsData CZlib CSentencePiece",
        "MawsTraining": "MawsBase MawsTensor MawsSum MawsKernels MawsPlan MawsModel MawsData",
        "MawsRecords": "MawsBase MawsHash MawsFiles MawsCheckpoint MawsProtocol MawsPlan MawsData MawsTraining",
        "MawsReport":
            "MawsBase MawsFiles MawsCheckpoint MawsWire MawsProtocol MawsTensor MawsKernels MawsPlan MawsModel "
            + "MawsImages MawsData MawsDataTools MawsTraining MawsRecords",
        "MawsForecast":
            "MawsBase MawsTransport MawsState MawsDatabase MawsWire MawsProtocol MawsTensor MawsKernels MawsPlan "
            + "MawsOptimizer MawsData MawsTraining",
        "MawsCoordinator":
            "MawsBase MawsHash MawsTransport MawsFiles MawsCheckpoint MawsDatabase MawsProcess MawsWire "
            + "MawsProtocol MawsTensor MawsKernels MawsPlan MawsModel MawsOptimizer MawsDataFiles MawsData "
            + "MawsTraining MawsRecords MawsReport MawsForecast logging",
        "MawsServer":
            "MawsBase MawsHash MawsTransport MawsFiles MawsState MawsCompression MawsWire MawsProtocol MawsTensor "
            + "MawsSum MawsOptimizer logging",
        "MawsTrainer":
            "MawsBase MawsHash MawsTransport MawsFiles MawsCompression MawsWire MawsProtocol MawsTensor MawsSum "
            + "MawsKernels MawsPlan MawsModel MawsDataFiles MawsData MawsTraining logging",
        "MawsRig": "MawsBase MawsTransport MawsWire MawsProtocol",
        "MawsTestSupport": "MawsBase MawsTensor MawsKernels",
        "maws":
            "MawsBase MawsFiles MawsProcess MawsTensor MawsKernels MawsPlan MawsDataFiles MawsData MawsDataTools "
            + "MawsCheckpoint MawsTraining MawsRecords MawsReport MawsForecast",
        "maws-coord": "MawsBase MawsTransport MawsProcess MawsWire MawsPlan MawsRecords MawsReport MawsCoordinator",
        "maws-ps": "MawsBase MawsProcess MawsServer",
        "maws-bench":
            "MawsBase MawsProcess MawsTensor MawsSum MawsKernels MawsPlan MawsModel MawsOptimizer MawsImages "
            + "MawsData MawsTraining",
        "maws-trainer": "MawsBase MawsProcess MawsKernels MawsTrainer",
        "MawsLive": "MawsBase MawsHash MawsRecords MawsReport yams",
        "maws-rig": "MawsBase MawsFiles MawsProcess MawsRig MawsLive",
    ]

    @Test func everyTargetIsFound() {
        #expect(graph.targets.count > 50)
        #expect(graph.targets.contains { $0.name == "TidyTests" && $0.layer == "testTargets" })
        #expect(graph.reach(of: "MawsCoordinator").isSuperset(of: ["MawsDatabase", "grdb", "CChecksum"]))
    }

    @Test func noEdgeIsNew() {
        for target in graph.targets where Self.layers.contains(target.layer) {
            let allowed = Self.words(Self.allowed[target.name])
            let new = target.dependencies.filter { !allowed.contains($0) }
            #expect(new.isEmpty, "\(target.name) depends on \(new.joined(separator: ", ")), which no line here allows")
        }
    }

    @Test func noLineAllowsWhatIsNotThere() {
        for (name, words) in Self.allowed {
            let unused = Self.words(words).subtracting(graph.dependencies(of: name))
            #expect(unused.isEmpty, "\(name) does not depend on \(unused.sorted().joined(separator: ", ")) any more")
        }
    }

    @Test func noLayerDependsOnAHigherOne() {
        let rank = Dictionary(
            uniqueKeysWithValues: graph.targets.map { ($0.name, Self.layers.firstIndex(of: $0.layer) ?? 0) })
        for target in graph.targets where Self.layers.contains(target.layer) {
            for dependency in target.dependencies {
                #expect((rank[dependency] ?? 0) <= (rank[target.name] ?? 0), "\(target.name) > \(dependency)")
            }
        }
    }

    @Test func serversAndTrainersLinkNoDatabaseAndNoPages() {
        for program in ["maws-ps", "maws-trainer"] {
            let forbidden: Set = ["grdb", "MawsDatabase", "MawsRecords", "MawsReport", "MawsForecast", "MawsDataTools"]
            let linked = graph.reach(of: program).intersection(forbidden)
            #expect(linked.isEmpty, "\(program) links \(linked.sorted().joined(separator: ", "))")
        }
    }

    @Test func serversSeeNoSample() {
        let linked = graph.reach(of: "maws-ps")
        #expect(linked.isDisjoint(with: ["MawsDataFiles", "MawsImages", "MawsData", "MawsKernels", "MawsTraining"]))
    }

    @Test func pureMachinesReachNoWorld() {
        let reached = graph.reach(of: "MawsProtocol").filter { $0.hasPrefix("Maws") }
        #expect(reached.isSubset(of: ["MawsBase", "MawsHash", "MawsWire"]))
    }

    @Test func whatIsDeclaredIsImported() {
        for target in graph.targets where Self.layers.contains(target.layer) {
            let lines = SourceTree.package.targets([target.name]).flatMap { (file: SourceFile) in file.lines }
            let imports = lines.filter { (line: String) in line.contains("import Maws") }
            guard !imports.isEmpty else { continue }
            for dependency in target.dependencies where dependency.hasPrefix("Maws") {
                let isImported = imports.contains { (line: String) in line.hasSuffix("import \(dependency)") }
                #expect(isImported, "\(target.name) depends on \(dependency) and never imports it")
            }
        }
    }

    private static func words(_ line: String?) -> Set<String> {
        Set((line ?? "").split(separator: " ").map(String.init))
    }
}
