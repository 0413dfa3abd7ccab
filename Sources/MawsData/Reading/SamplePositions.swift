import MawsDataFiles
import MawsHash
import MawsPlan

/// The samples of a split as a stage counts them: without those that the plan excludes and, for a training stage, with
/// those of rare labels repeated. Positions are in the order of the samples.
struct SamplePositions: Sendable {
    let count: Int
    /// Samples that are not excluded.
    let sampleCount: Int
    /// SHA-256 in hex of the data set's own fingerprint and of which position is which sample; the former alone where
    /// the plan neither excludes nor repeats.
    let fingerprint: String
    /// Ascending.
    private let excluded: [Int]
    private let resampled: ResampleTable?

    /// - Parameters:
    ///   - vocabulary: of the split, where its plan resamples; whoever only counts needs none.
    ///   - resamples: whether the plan's `resample` holds: for training stages.
    init(
        _ dataset: Dataset, split: DataSplitPlan, root: String, resamples: Bool, vocabulary: LabelVocabulary
    ) throws {
        excluded =
            try split.exclude.map {
                try ExclusionList(path: PathText.resolved($0, root: root)).indices(in: dataset, shards: split.shards)
            } ?? []
        let kept = try Self.keptCount(dataset, excluded: excluded.count)
        sampleCount = kept
        guard resamples, let resample = split.resample else {
            self.count = kept
            resampled = nil
            fingerprint = Self.fingerprint(dataset, excluded: excluded, rarest: [], count: kept)
            return
        }
        let count = try Self.checked(resample, split: split.name, samples: kept)
        let rarest = try Self.rarest(dataset, vocabulary, excluded: excluded)
        resampled = ResampleTable(rarest: rarest, count: count)
        self.count = count
        fingerprint = Self.fingerprint(dataset, excluded: excluded, rarest: rarest, count: count)
    }

    /// How many positions there are, without looking at labels.
    static func count(_ dataset: Dataset, split: DataSplitPlan, root: String, resamples: Bool) throws -> Int {
        let excluded = try split.exclude.map {
            try ExclusionList(path: PathText.resolved($0, root: root)).indices(in: dataset, shards: split.shards).count
        }
        let kept = try keptCount(dataset, excluded: excluded ?? 0)
        guard resamples, let resample = split.resample else { return kept }
        return try checked(resample, split: split.name, samples: kept)
    }

    /// The sample at a position.
    func index(_ position: Int) -> Int {
        let kept = resampled?.sample(position) ?? position
        // How many excluded samples lie before: the first number of them for which sample kept + number is beyond.
        return kept + excluded.indices.partitioningIndex { excluded[$0] - $0 > kept }
    }

    /// How many positions each of the groups has that follow one another in the samples' order.
    func groups(ofSamples groups: [Int]) -> [Int] {
        var sizes: [Int] = []
        var end = 0
        var start = 0
        for group in groups {
            end += group
            let next = firstPosition(from: start, ofSamplesFrom: end)
            sizes.append(next - start)
            start = next
        }
        return sizes
    }

    /// The first position, from a start on, whose sample is this one or comes after it.
    private func firstPosition(from start: Int, ofSamplesFrom sample: Int) -> Int {
        (start..<count).partitioningIndex { index($0) >= sample }
    }

    private static func fingerprint(_ dataset: Dataset, excluded: [Int], rarest: [UInt32], count: Int) -> String {
        if excluded.isEmpty && rarest.isEmpty { return dataset.fingerprint }
        let digest = Hash()
        digest.update("\(dataset.fingerprint) \(count) \(excluded)")
        rarest.withUnsafeBytes { digest.update($0) }
        return digest.hexadecimal()
    }

    private static func keptCount(_ dataset: Dataset, excluded: Int) throws -> Int {
        guard excluded < dataset.count else {
            throw DataError.file(path: "Split '\(dataset.name)'", problem: "has no samples but those it excludes")
        }
        return dataset.count - excluded
    }

    private static func checked(_ resample: ResamplePlan, split: String, samples: Int) throws -> Int {
        guard resample.samples >= samples else {
            throw DataError.file(
                path: "Split '\(split)'",
                problem:
                    "has \(samples) samples, more than the \(resample.samples) that `resample` asks for; resampling "
                    + "repeats samples and leaves none out")
        }
        return resample.samples
    }

    /// For each kept sample, how many samples the vocabulary counts for its rarest label. A sample whose hashtags
    /// cannot be read has no label here; the stage that reads it counts it as unreadable.
    private static func rarest(
        _ dataset: Dataset, _ vocabulary: LabelVocabulary, excluded: [Int]
    ) throws -> [UInt32] {
        var rarest: [UInt32] = []
        rarest.reserveCapacity(dataset.count)
        for start in stride(from: 0, to: dataset.count, by: 1 << 16) {
            let counts = AllCores.map(min(1 << 16, dataset.count - start), grain: 256) { row in
                Result { vocabulary.rarestCount(of: try hashtags(dataset, start + row)) }
            }
            for count in counts { rarest.append(try count.get()) }
        }
        var kept = 0
        var next = 0
        for index in rarest.indices {
            if next < excluded.count, excluded[next] == index {
                next += 1
            } else {
                rarest[kept] = rarest[index]
                kept += 1
            }
        }
        rarest.removeLast(rarest.count - kept)
        return rarest
    }

    private static func hashtags(_ dataset: Dataset, _ index: Int) throws -> [String] {
        do {
            return try dataset.sample(index, parts: [.hashtags], required: []).hashtags
        } catch DataError.sample {
            return []
        }
    }
}
