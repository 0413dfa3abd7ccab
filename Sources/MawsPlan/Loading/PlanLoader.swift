/// What the command line says in place of the plan file.
public struct PlanOverrides: Hashable, Sendable {
    public var seed: UInt64?
    public var run: String?

    public init(seed: UInt64? = nil, run: String? = nil) {
        self.seed = seed
        self.run = run
    }
}

/// Reads a plan file, checks every field and fills in every default.
public enum PlanLoader {
    /// - Parameters:
    ///   - path: the plan file. Paths inside it are relative to the working directory, not to the file's folder.
    ///   - cores: cores of this machine, shared out among the local trainers where the plan names no `threads`.
    ///   - tokenizerSize: pieces of the SentencePiece model at this path.
    public static func load(
        path: String, overrides: PlanOverrides = PlanOverrides(), cores: Int? = nil,
        tokenizerSize: (String) throws -> Int
    ) throws(PlanError) -> Plan {
        fatalError("not yet")
    }
}
