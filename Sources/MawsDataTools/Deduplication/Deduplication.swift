import Foundation
import MawsData
import MawsDataFiles
import MawsFiles

/// Which samples of shards are copies of an earlier one, byte by byte, or look like an evaluation image.
package struct Deduplication: Sendable {
    package struct Name: Hashable, Sendable, CustomStringConvertible {
        package var shard: String
        /// The number of the sample in its shard, from 0.
        package var number: Int
        package var key: String

        package var description: String { "\(shard) \(key)" }
    }

    /// The image file of `sample` is that of `first`, which comes before it.
    package struct Copy: Hashable, Sendable {
        package var sample: Name
        package var first: Name

        fileprivate init?(sample: Name?, first: Name?) {
            guard let sample, let first else { return nil }
            (self.sample, self.first) = (sample, first)
        }
    }

    /// `sample` looks like `evaluation`: `distance` of the 64 bits of their perceptual hashes differ, and their small
    /// grey versions correlate.
    package struct Leak: Hashable, Sendable {
        package var sample: Name
        package var evaluation: Name
        package var distance: Int

        fileprivate init?(sample: Name?, evaluation: Name?, distance: Int) {
            guard let sample, let evaluation else { return nil }
            (self.sample, self.evaluation, self.distance) = (sample, evaluation, distance)
        }
    }

    package internal(set) var sampleCount = 0
    package internal(set) var evaluationCount = 0
    /// In the order of the samples, as everything here.
    package internal(set) var copies: [Copy] = []
    package internal(set) var leaks: [Leak] = []
    package internal(set) var unreadable: [SkippedSample] = []
    /// Numbers over all shards: of copies, with the sample that they are copies of; of leaks and unreadable samples.
    var firstOfCopy: [Int: Int] = [:]
    var unusable: Set<Int> = []

    /// What is no part of new shards, and why.
    var account: SampleAccount {
        var account = SampleAccount()
        let leaked = Set(leaks.map(\.sample))
        for copy in copies where !leaked.contains(copy.sample) {
            account.add(.leftOut, "copies of an earlier one", example: "\(copy.sample)")
        }
        for leak in leaks { account.add(.leftOut, "like an evaluation image", example: "\(leak.sample)") }
        for sample in unreadable { account.leaveOut(sample) }
        return account
    }

    /// - Parameters:
    ///   - shards: in the order that decides who is first.
    ///   - evaluation: shards whose images must not be in `shards`; without any, nothing is decoded.
    ///   - radius: largest distance of a leak, 0...15.
    ///   - correlation: least correlation of a leak, −1...1.
    ///   - temporary: folder that takes 24 bytes a sample meanwhile.
    ///   - progress: told now and then which share is done, 0...1.
    package init(
        shards: [String], evaluation: [String], radius: Int, correlation: Double = 0.98, temporary: String,
        progress: (Double) -> Void = { _ in }
    ) throws {
        guard 0...HashIndex.radiusMax ~= radius else {
            throw DataError.file(path: "The radius \(radius)", problem: "must be from 0 to \(HashIndex.radiusMax) bits")
        }
        let looks = try Self.looks(evaluation) { progress($0 * 0.1) }
        evaluationCount = looks.looks.count
        let index = HashIndex(looks.looks.map(\.hash), radius: radius)
        let buckets = try ContentBuckets(in: temporary)
        var near: [(sample: Int, evaluation: Int, distance: Int)] = []
        var broken: [UnreadableSample] = []
        var skipped: [SkippedSample] = []
        sampleCount = try SampleScan(shards: shards, looks: !evaluation.isEmpty).forEach(
            progress: { progress(0.1 + 0.8 * $0) }, skipped: { skipped += $0 },
            { result in
                switch result {
                case .failure(let unreadable): broken.append(unreadable)
                case .success(let scanned):
                    try buckets.add(scanned.content, sample: scanned.sample)
                    guard let look = scanned.look else { return }
                    let match = index.nearest(to: look.hash) { looks.looks[$0].correlation(look) >= correlation }
                    if let match { near.append((scanned.sample, looks.samples[match.number], match.distance)) }
                }
            })
        unreadable = skipped + broken.map(\.place)
        sampleCount += skipped.count
        let found = try buckets.copies()
        firstOfCopy = Dictionary(uniqueKeysWithValues: found.map { ($0.sample, $0.first) })
        unusable = Set(near.map(\.sample) + broken.map(\.sample))
        let named = Set(found.flatMap { [$0.sample, $0.first] }).union(near.map(\.sample))
        let names = try Self.names(named, shards) { progress(0.9 + 0.1 * $0) }
        let evaluationNames = try Self.names(Set(near.map(\.evaluation)), evaluation)
        copies = found.compactMap { Copy(sample: names[$0.sample], first: names[$0.first]) }
        leaks = near.compactMap {
            Leak(sample: names[$0.sample], evaluation: evaluationNames[$0.evaluation], distance: $0.distance)
        }
    }

    /// What a split leaves out so that no image is read twice or evaluated on: copies, then leaks that are no copies.
    package func exclusions() -> [ExclusionList.Entry] {
        let leaked = Set(leaks.map(\.sample))
        let copies = copies.filter { !leaked.contains($0.sample) }
        return copies.map { Self.entry($0.sample, "copy of \($0.first)") }
            + leaks.map { Self.entry($0.sample, "looks like \($0.evaluation) (\($0.distance) of 64 bits differ)") }
    }

    /// Writes `exclusions` for a plan's `exclude`. Where there are none, nothing stays of an earlier list.
    package func writeExclusions(to path: String) throws {
        let entries = exclusions()
        guard !entries.isEmpty else {
            guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else {
                throw DataError.file(path: path, problem: "cannot be removed (\(String(cString: strerror(errno))))")
            }
            return
        }
        try OutputFolder.make(Folder.parent(of: path))
        try OutputFile.write(entries.flatMap { Array($0.line.utf8) }, to: path)
    }

    private static func entry(_ name: Name, _ reason: String) -> ExclusionList.Entry {
        ExclusionList.Entry(shard: name.shard, number: name.number, key: name.key, reason: reason)
    }

    /// Looks of the evaluation images, and their numbers over all shards.
    private static func looks(
        _ shards: [String], progress: (Double) -> Void
    ) throws -> (looks: [ImageLook], samples: [Int]) {
        var looks: [ImageLook] = []
        var samples: [Int] = []
        _ = try SampleScan(shards: shards, looks: true).forEach(progress: progress) { result in
            guard let scanned = try? result.get(), let look = scanned.look else { return }
            looks.append(look)
            samples.append(scanned.sample)
        }
        return (looks, samples)
    }

    /// Where samples lie, by their numbers over all shards.
    private static func names(
        _ samples: Set<Int>, _ shards: [String], progress: (Double) -> Void = { _ in }
    ) throws -> [Int: Name] {
        var names: [Int: Name] = [:]
        let ascending = samples.sorted()
        var next = 0
        var first = 0
        for (number, shard) in shards.enumerated() where next < ascending.count {
            let dataset = try SampleScan.dataset(shard)
            while next < ascending.count, ascending[next] < first + dataset.count {
                let index = ascending[next] - first
                names[ascending[next]] = Name(shard: shard, number: index, key: try dataset.key(index))
                next += 1
            }
            first += dataset.count
            progress(Double(number) / Double(shards.count))
        }
        return names
    }
}
