import Foundation
import MawsDataFiles
import MawsHash
import MawsPlan

/// The samples of one split, in the order of its shards. Thread-safe.
package final class Dataset: Sendable {
    package let name: String
    package let count: Int
    /// SHA-256 in hex over the names and sizes of all samples in order.
    package let fingerprint: String
    /// What was skipped when the shards were opened: members and whole stretches that make no sense.
    package let problems: [SkippedSample]
    /// What was left out, ignored or assumed when the shards were opened, `problems` among it.
    package let account: SampleAccount
    /// Names of the classes that its samples may have.
    package let classNames: Set<String>
    /// Numbers of named classes: those of this split alone, or of a whole plan.
    package let classes: ClassNumbers
    private let stores: [any SampleStore]
    let starts: ShardStarts

    private static let fetchesAtOnce = 8

    /// Opens all shards, by their index files or by scanning their headers. Throws when more has to be skipped than
    /// the split's limit allows.
    /// - Parameter root: folder that relative shard paths are relative to.
    package init(_ split: DataSplitPlan, root: String, access: DataAccess = .ofThisMachine) throws {
        name = split.name
        let (opener, openShards, digest) = (DataOpener(root: root, access: access), OpenShards(), Hash())
        let packed = PackedClasses()
        var stores: [any SampleStore] = []
        var starts = ShardStarts()
        for path in split.shards {
            let store: any SampleStore
            if let rows = try RowStore(path, root: root, digest: digest) {
                store = rows
            } else {
                store = try ShardStore(path, opener: opener, openShards: openShards, digest: digest, packed: packed)
            }
            stores.append(store)
            starts.append(store.count)
        }
        self.stores = stores
        self.starts = starts
        count = starts.count
        problems = stores.flatMap(\.problems)
        account = Self.account(stores)
        classNames = Set(stores.flatMap { $0.classNames ?? [] })
        classes = ClassNumbers(classNames)
        fingerprint = digest.hexadecimal()
        try check(split, root: root)
    }

    /// The same samples, their classes numbered otherwise.
    package init(_ dataset: Dataset, classes: ClassNumbers) {
        name = dataset.name
        count = dataset.count
        fingerprint = dataset.fingerprint
        problems = dataset.problems
        account = dataset.account
        classNames = dataset.classNames
        stores = dataset.stores
        starts = dataset.starts
        self.classes = classes
    }

    private static func account(_ stores: [any SampleStore]) -> SampleAccount {
        var account = SampleAccount()
        for store in stores {
            account.merge(store.account)
            for problem in store.problems { account.leaveOut(problem) }
        }
        return account
    }

    private func check(_ split: DataSplitPlan, root: String) throws {
        if count == 0, let first = problems.first {
            throw DataError.shard(path: first.shard, offset: first.offset, problem: first.reason)
        }
        let allowed = SkipRecord.allowed(count, split.skipLimit)
        guard problems.count <= allowed else {
            throw DataError.tooManySkipped(
                split: name, skipped: problems.count, allowed: allowed, samples: count,
                list: Array(problems.prefix(SkipRecord.namedMax)))
        }
        guard count > 0 else {
            throw DataError.file(
                path: split.shards.first.map { PathText.resolved($0, root: root) } ?? "Split '\(name)'",
                problem: "holds no samples")
        }
    }

    /// What is to be said of how the samples are read, which columns of a list are used for instance; a sentence each.
    package var notes: [String] { stores.flatMap(\.notes) }

    /// What each shard, in order, is on another machine; nil for one that is on this.
    var remoteFiles: [RemoteFile?] { stores.map { ($0 as? ShardStore)?.remote } }

    /// The sample with everything that belongs to it.
    package func sample(_ index: Int) throws -> Sample {
        var sample = try sample(index, parts: Set(SamplePart.allCases), required: [.image])
        let (store, local) = place(of: index)
        sample.name = try store.key(local)
        return sample
    }

    /// The sample with all that lies beside its image, as it is, for another shard; a named class has its number here.
    /// One that cannot be read throws as it does when it is trained on.
    package func packed(_ index: Int) throws -> PackedSample {
        let sample = try sample(index, parts: Set(SamplePart.allCases), required: [.image])
        var packed = try read(index) { store, local in try store.packed(local) }
        if sample.className != nil { packed.setClass(sample.classIndex) }
        return packed
    }

    /// The caption alone; nil where the sample has none.
    package func caption(_ index: Int) throws -> String? { try sample(index, parts: [.caption], required: []).caption }

    /// Where the caption of a sample can be.
    func captionPlace(_ index: Int) -> CaptionPlace {
        let (store, local) = place(of: index)
        return store.captionPlace(local)
    }

    /// Reads the named parts only, and not the name. Content that cannot be used throws `DataError.sample`; a disk or a
    /// server that fails throws another error, which is never a reason to skip a sample.
    package func sample(_ index: Int, parts: Set<SamplePart>, required: Set<SamplePart>) throws -> Sample {
        var sample = try read(index) { store, local in
            try store.sample(local, parts: parts, required: required)
        }
        if let name = sample.className { sample.classIndex = classes[name] }
        return sample
    }

    private func read<T>(_ index: Int, _ body: (any SampleStore, Int) throws -> T) throws -> T {
        let (store, local) = place(of: index)
        do {
            return try body(store, local)
        } catch let problem as ContentProblem {
            throw DataError.sample(store.place(local, reason: problem.text))
        }
    }

    /// Whether the sample has the part; nothing is read.
    func has(_ part: SamplePart, _ index: Int) -> Bool {
        let (store, local) = place(of: index)
        return store.has(part, local)
    }

    /// Whether samples have numbers for classes, and nothing says what they are called.
    package var hasUnnamedClasses: Bool {
        stores.contains { store in
            store.classNames == nil && (0..<store.count).contains { store.has(.classIndex, $0) }
        }
    }

    /// Numbers say nothing beside names.
    package func checkClassesAreAlike() throws {
        guard !classNames.isEmpty, classes.names != nil, hasUnnamedClasses else { return }
        throw PlanClasses.unlike(named: self, numbered: self)
    }

    /// Files that name the classes of packed shards.
    var classFiles: [String] { Set(stores.compactMap(\.classFile)).sorted() }

    /// The sample with this number in its shard; nil where the shard has fewer.
    func index(shard: Int, number: Int) -> Int? {
        number < starts[shard + 1] - starts[shard] ? starts[shard] + number : nil
    }

    /// The sample's key: its members' name up to the first dot of the base name.
    package func key(_ index: Int) throws -> String {
        let (store, local) = place(of: index)
        return try store.key(local)
    }

    /// Where a sample lies, for messages.
    package func place(_ index: Int, reason: String) -> SkippedSample {
        let (store, local) = place(of: index)
        return store.place(local, reason: reason)
    }

    /// Brings samples that lie on other machines into the cache, several at once. What fails is left to the read that
    /// needs it.
    func prefetch(_ indices: [Int]) {
        var byStore: [Int: [Int]] = [:]
        for index in indices {
            let number = starts.shard(of: index)
            byStore[number, default: []].append(index - starts[number])
        }
        let fetches = byStore.keys.sorted().flatMap { stores[$0].fetches(byStore[$0] ?? []) }
        guard fetches.count > 1 else { return }
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = Self.fetchesAtOnce
        for fetch in fetches { queue.addOperation { try? fetch() } }
        queue.waitUntilAllOperationsAreFinished()
    }

    private func place(of index: Int) -> (store: any SampleStore, index: Int) {
        precondition((0..<count).contains(index))
        let number = starts.shard(of: index)
        return (stores[number], index - starts[number])
    }
}
