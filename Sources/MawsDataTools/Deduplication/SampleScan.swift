import MawsData
import MawsDataFiles
import MawsHash
import MawsImages
import MawsPlan

/// Hashes the images of shards, in order, with one shard's index and a few hundred images in memory.
struct SampleScan {
    struct Scanned: Sendable {
        /// Number over all shards.
        var sample: Int
        /// SHA-256 of the image file.
        var content: [UInt8]
        /// Nil where it was not asked for.
        var look: ImageLook?
    }

    private struct Batch: Sendable {
        var shard: String
        var dataset: Dataset
        /// Number over all shards of the shard's first sample.
        var first: Int
        var range: Range<Int>
    }

    private static let batchSize = 256

    let shards: [String]
    /// Whether images are decoded for their looks.
    let looks: Bool

    /// - Parameters:
    ///   - progress: told which share of the shards is done, 0...1.
    ///   - skipped: takes what was skipped when a shard was opened.
    ///   - body: takes each sample in order, or why it is unreadable.
    /// - Returns: the number of samples, without those that were skipped.
    func forEach(
        progress: (Double) -> Void, skipped: ([SkippedSample]) -> Void = { _ in },
        _ body: (Result<Scanned, UnreadableSample>) throws -> Void
    ) throws -> Int {
        var first = 0
        for (number, shard) in shards.enumerated() {
            let dataset = try Self.dataset(shard)
            skipped(dataset.problems)
            for start in stride(from: 0, to: dataset.count, by: Self.batchSize) {
                let batch = Batch(
                    shard: shard, dataset: dataset, first: first,
                    range: start..<min(start + Self.batchSize, dataset.count))
                for result in scan(batch) { try body(result.get()) }
                progress((Double(number) + Double(start) / Double(dataset.count)) / Double(shards.count))
            }
            first += dataset.count
        }
        return first
    }

    static func dataset(_ shard: String) throws -> Dataset {
        try Dataset(
            DataSplitPlan(name: shard, shards: [shard], vocabulary: nil, tokenizer: nil, skipLimit: 1), root: "")
    }

    /// All cores hash; results stand in the order of the samples.
    private func scan(_ batch: Batch) -> [Result<Result<Scanned, UnreadableSample>, any Error>] {
        let looks = looks
        return AllCores.map(batch.range.count) { row in
            Result { try Self.scan(batch, batch.range.lowerBound + row, looks: looks) }
        }
    }

    private static func scan(_ batch: Batch, _ index: Int, looks: Bool) throws -> Result<Scanned, UnreadableSample> {
        do {
            // What training could not read stands for no copy, wherever it is spoilt.
            let image = try batch.dataset.sample(index, parts: Set(SamplePart.allCases), required: [.image]).image
            guard !image.isEmpty else { throw DataError.image(.empty) }
            _ = try EncodedImage(image)
            return .success(
                Scanned(
                    sample: batch.first + index, content: Hash.digest(of: image),
                    look: looks ? try ImageLook(image: image) : nil))
        } catch DataError.image(let problem) {
            let place = batch.dataset.place(index, reason: "the image \(problem)")
            return .failure(UnreadableSample(sample: batch.first + index, place: place))
        } catch DataError.sample(let place) {
            return .failure(UnreadableSample(sample: batch.first + index, place: place))
        }
    }
}

/// A sample that cannot be read, so that it is compared with none.
struct UnreadableSample: Error {
    var sample: Int
    var place: SkippedSample
}
