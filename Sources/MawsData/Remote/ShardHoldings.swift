import MawsBase

/// How much of each shard of a plan lies in this machine's cache: what a trainer tells its coordinator.
///
/// Looking takes a look into the folder of each shard, so it is done again only when fifty times as long has passed.
package struct ShardHoldings: Sendable {
    /// Shards that a message speaks of: its first ones.
    package static let shardsMax = 32_768
    private static let pauseFactor = 50.0

    private let files: [RemoteFile?]
    private var newest: [UInt8] = []
    private var lookAgain: Moment?

    package init(_ data: PlanData) {
        var files = data.splits.flatMap(\.dataset.remoteFiles).prefix(Self.shardsMax)
        while let last = files.last, last == nil { files.removeLast() }
        self.files = Array(files)
    }

    /// The share of each shard that is here, in 255ths, rounded up; 0 for one that is not remote. Shards of all splits
    /// in order; empty where none is remote.
    package mutating func shares(now: () -> Moment) -> [UInt8] {
        let start = now()
        if files.isEmpty || lookAgain.map({ start < $0 }) == true { return newest }
        newest = files.map { file in
            guard let file else { return 0 }
            return UInt8(min(255, (255 * file.heldPageCount + file.pageCount - 1) / file.pageCount))
        }
        let end = now()
        lookAgain = end + Self.pauseFactor * end.seconds(since: start)
        return newest
    }
}
