import Testing

/// What each layer may not call. The compiler checks who imports whom; these are the rules it cannot know.
@Suite struct LayerTests {
    /// The pure machines, and what they are made of: a run must replay from its events alone.
    static let pure = ["MawsBase", "MawsWire", "MawsProtocol"]
    /// Where numbers are made: the same bits on every machine, every time.
    static let numeric = [
        "MawsTensor", "MawsSum", "MawsKernels", "MawsModel", "MawsTraining", "MawsOptimizer", "MawsPlan",
    ]
    /// Where a seed is all that decides.
    static let simulated = ["MawsRig"]
    /// Where samples are made of files, the same on every machine.
    static let data = ["MawsDataFiles", "MawsImages", "MawsData", "MawsDataTools"]
    /// Where memory is touched without checks.
    static let unsafe = [
        "MawsHash", "MawsTensor", "MawsSum", "MawsKernels", "MawsOptimizer", "MawsCompression", "MawsTransport",
        "MawsFiles", "MawsState", "MawsCheckpoint", "MawsDataFiles", "MawsImages", "MawsData",
        "MawsServer", "MawsTrainer", "MawsCoordinator", "MawsProcess", "MawsLive", "MawsTestSupport",
    ]

    private let tree = SourceTree.package

    @Test func pureLayersHaveNoFoundation() {
        expectNone(/import (Foundation|Glibc|Dispatch|Logging)\b/, in: tree.targets(Self.pure), "imports the world")
    }

    @Test func pureLayersHaveNoThreadsLocksOrTasks() {
        expectNone(
            /\b(Task|Mutex|NSLock|NSCondition|Thread|DispatchQueue|actor|async|await)\b/,
            in: tree.targets(Self.pure), "runs beside itself")
    }

    /// What must be true and is not is called by its name where it is looked for, and what is sealed by its purpose.
    @Test func coresGiveFactsAndNoSentences() {
        let files = tree.targets(["MawsProtocol"]).filter { !$0.path.hasSuffix("+Invariants.swift") }
        let sentence = #/^(?!.*(found\.append|precondition|"maws )).*"[^"]*\S [a-z][^"]*"/#
        expectNone(sentence, in: files, "says something; give a fact, and make the text of it in a higher layer")
    }

    @Test func onlyShellsReadAClock() {
        let clock = /\bDate\(|DispatchTime|ContinuousClock|SuspendingClock|clock_gettime|Moment\.now/
        let files = tree.targets(Self.pure + Self.numeric + Self.simulated)
            .filter { $0.path != "Sources/MawsBase/Moment.swift" }
        expectNone(clock, in: files, "reads a clock; take the moment as an argument")
    }

    /// So that a test, or a simulation, is all the world that it has.
    @Test func theCoordinatorDecidesByTheClockOfItsWorld() {
        let files = tree.sources.filter { $0.path.hasPrefix("Sources/MawsCoordinator/CoordinatorNode") }
        expectNone(/Moment\.now|ContinuousClock|\bThread\b/, in: files, "reaches past its CoordinatorWorld")
    }

    @Test func noWaitJumpsWithTheClockOnTheWall() {
        expectNone(
            /timeIntervalSinceNow|wait\(until: Date/, in: tree.sources,
            "waits by a clock that may be set; MonotonicCondition does not")
    }

    @Test func randomNumbersAreCounted() {
        let systems = /SystemRandomNumberGenerator|\.random\(in:|\.shuffled\(|\.shuffle\(|\bdrand48|\brand\(/
        let files = tree.targets(
            Self.pure + Self.numeric + Self.data + Self.simulated + ["MawsServer", "MawsTrainer"])
        expectNone(systems, in: files, "draws from the system; use CounterRandom")
    }

    @Test func hashesOfTheProcessReachNoNumber() {
        let files = tree.targets(Self.pure + Self.numeric + Self.data + Self.simulated)
        expectNone(/\bHasher\(|\.hashValue\b/, in: files, "differs from process to process")
    }

    @Test func onlyTheTransportHasSockets() {
        // The rig's proxies pass bytes on, and speak nothing.
        let others = tree.sources.filter {
            $0.target != "MawsTransport" && !$0.path.hasPrefix("Sources/MawsLive/Links/")
        }
        expectNone(/\b(socket|bind|getaddrinfo|setsockopt)\(|\bSSL_[a-z]/, in: others, "opens a socket")
    }

    @Test func memoryIsTouchedUncheckedOnlyWhereTensorsAndBytesAreMoved() {
        // A checksum's loop over bytes is C.
        let others = tree.sources.filter {
            !Self.unsafe.contains($0.target) && $0.path != "Sources/MawsBase/CRC32C.swift"
        }
        // A parameter or an empty payload is no access: `Unsafe…` types are allowed in signatures, calls on them are
        // not.
        expectNone(/\bwithUnsafe|\.baseAddress|\.allocate\(|\.bindMemory|\.load\(as:/, in: others, "touches raw memory")
    }

    @Test func librariesDoNotPrint() {
        let libraries = tree.sources.filter { $0.target.hasPrefix("Maws") && $0.target != "MawsProcess" }
        expectNone(/\bConsole\.(say|draw)\(/, in: libraries, "prints; only programs talk to a person")
    }

    @Test func whatIsSaidGoesThroughOneDoorThatWritesControlCodesOut() {
        let drawing = ["Sources/MawsReport/Text/ProgressBar.swift", "Sources/MawsReport/Text/LiveDisplay.swift"]
        let others = tree.sources.filter { !drawing.contains($0.path) }
        expectNone(
            /(^|[^.\w])print\(|FileHandle\.standard(Output|Error)|\bfputs\(/, in: others,
            "writes by itself; use Console")
    }

    @Test func nothingIsPublicWhereNoProductIsALibrary() {
        expectNone(#/^\s*(public|open) [a-z]/#, in: tree.sources, "is public; the package's own word is `package`")
    }

    private func expectNone<Output>(
        _ pattern: Regex<Output>, in files: [SourceFile], _ what: String, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(!files.isEmpty, sourceLocation: location)
        let places = files.flatMap { $0.places(of: pattern, what) }
        #expect(places.isEmpty, "\(places.joined(separator: "\n"))", sourceLocation: location)
    }
}
