/// Where the samples of each shard of a split begin.
struct ShardStarts: Sendable {
    /// First sample of each shard, then the number of all.
    private var starts = [0]

    var count: Int { starts[starts.count - 1] }
    var sizes: [Int] { zip(starts, starts.dropFirst()).map { $1 - $0 } }

    mutating func append(_ samples: Int) { starts.append(count + samples) }

    subscript(_ shard: Int) -> Int { starts[shard] }

    /// The shard that a sample lies in.
    func shard(of sample: Int) -> Int {
        (0..<starts.count - 1).partitioningIndex { starts[$0 + 1] > sample }
    }
}
