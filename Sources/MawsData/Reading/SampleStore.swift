import MawsDataFiles

/// Some of a split's samples: those of one shard, one folder or one list. Indices count from the store's first sample.
protocol SampleStore: Sendable {
    var count: Int { get }
    /// What was skipped when the store was opened.
    var problems: [SkippedSample] { get }
    /// What else was ignored or assumed when the store was opened.
    var account: SampleAccount { get }
    /// What is to be said of how the store is read, a sentence each.
    var notes: [String] { get }

    /// Names of the classes that its samples may have; nil where they are numbers without names.
    var classNames: [String]? { get }
    /// The file that the names are from, where they are not the samples' own.
    var classFile: String? { get }

    /// Whether the sample has the part; nothing is read.
    func has(_ part: SamplePart, _ index: Int) -> Bool

    /// The named parts of a sample. Throws `ContentProblem` for content that cannot be used.
    func sample(_ index: Int, parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample

    /// Where a sample's caption can be.
    func captionPlace(_ index: Int) -> CaptionPlace

    /// A sample with all that lies beside its image, as it is.
    func packed(_ index: Int) throws -> PackedSample

    /// What a sample is called.
    func key(_ index: Int) throws -> String

    /// Where a sample lies, for messages.
    func place(_ index: Int, reason: String) -> SkippedSample

    /// Fetches that bring samples from another machine to this one, each on its own; none for what is here.
    func fetches(_ indices: [Int]) -> [@Sendable () throws -> Void]
}

extension SampleStore {
    var account: SampleAccount { SampleAccount() }
}
