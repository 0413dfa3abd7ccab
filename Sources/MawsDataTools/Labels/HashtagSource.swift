import MawsData
import MawsDataFiles
import MawsPlan

/// Where hashtags are read from, sample by sample, with no more in memory than one shard's index.
package struct HashtagSource {
    private enum Kind {
        case shards([String])
        case list(String)
    }

    /// Samples that all cores read before they are counted.
    private static let batchSize = 4096

    private let kind: Kind
    private let skipsBadRows: Bool

    /// The `.json` members of shards, or their captions' hashtags.
    package static func shards(_ paths: [String], skipsBadRows: Bool) -> HashtagSource {
        HashtagSource(kind: .shards(paths), skipsBadRows: skipsBadRows)
    }

    /// The rows of a CSV or JSONL list, whose images are not looked at.
    package static func list(_ path: String, skipsBadRows: Bool) -> HashtagSource {
        HashtagSource(kind: .list(path), skipsBadRows: skipsBadRows)
    }

    /// - Parameters:
    ///   - progress: told now and then which share is done, 0...1.
    ///   - problem: told of each row that is left out, where bad rows are.
    ///   - ignored: told what is no sample and what is assumed of all.
    ///   - body: takes the normalised hashtags of each sample.
    package func forEachSample(
        progress: (Double) -> Void, problem: (DataError) -> Void, ignored: (SampleAccount) -> Void = { _ in },
        _ body: ([String]) throws -> Void
    ) throws {
        switch kind {
        case .shards(let paths):
            for (number, path) in paths.enumerated() {
                try forEachSample(
                    shard: path, progress: { progress((Double(number) + $0) / Double(paths.count)) }, problem, ignored,
                    body)
            }
        case .list(let path):
            let source = try ListSource(path: path)
            ignored(source.account.only([.ignored, .incomplete]))
            try source.forEachRow(progress: progress) { result in
                guard let row = try keep(problem, result.get) else { return }
                ignored(Self.account(row.remarks, row.imageName))
                try body(row.effectiveHashtags)
            }
        }
        progress(1)
    }

    private func forEachSample(
        shard: String, progress: (Double) -> Void, _ problem: (DataError) -> Void,
        _ ignored: (SampleAccount) -> Void, _ body: ([String]) throws -> Void
    ) throws {
        let split = DataSplitPlan(name: "shard", shards: [shard], vocabulary: nil, tokenizer: nil, skipLimit: 1)
        let dataset = try Dataset(split, root: "")
        for place in dataset.problems { _ = try keep(problem) { throw DataError.sample(place) } }
        ignored(dataset.account.only([.ignored, .incomplete]))
        for start in stride(from: 0, to: dataset.count, by: Self.batchSize) {
            progress(Double(start) / Double(dataset.count))
            let read = AllCores.map(min(Self.batchSize, dataset.count - start), grain: 64) { row in
                Result { try dataset.sample(start + row, parts: [.hashtags], required: []) }
            }
            for (row, result) in read.enumerated() {
                guard let sample = try keep(problem, result.get) else { continue }
                if !sample.remarks.isEmpty { ignored(Self.account(sample.remarks, try dataset.key(start + row))) }
                try body(sample.hashtags)
            }
        }
    }

    private static func account(_ remarks: [String], _ name: String) -> SampleAccount {
        var account = SampleAccount()
        for remark in remarks { account.add(.incomplete, remark, example: name) }
        return account
    }

    /// The result of `body`; nil, and told, when a row is bad and bad rows are left out.
    private func keep<T>(_ problem: (DataError) -> Void, _ body: () throws -> T) throws -> T? {
        do {
            return try body()
        } catch let error as DataError {
            guard skipsBadRows, error.isOfOneRow else { throw error }
            problem(error)
            return nil
        }
    }
}

extension DataError {
    /// Whether another row may be fine.
    fileprivate var isOfOneRow: Bool {
        switch self {
        case .sample, .line, .image: true
        default: false
        }
    }
}
