import Foundation
import MawsData
import MawsDataFiles

/// Writes shards in which every image is there once, with the labels of all its copies.
///
/// The paper's treatment of ImageNet-21k (Appendix A): images found in more than one class become one sample of several
/// labels. Hashtags are united in the order of the samples; the caption and all else are the first one's; the class
/// stays where all copies that have one agree. Leaks and unreadable samples are left out.
package struct UniqueSamples {
    private let found: Deduplication
    private let shards: [String]
    private let target: PackTarget
    private let classHashtags: [String]

    /// - Parameters:
    ///   - found: of the very same shards in the same order.
    ///   - classHashtags: for each class the hashtag that its samples get; empty: none.
    package init(_ found: Deduplication, shards: [String], target: PackTarget, classHashtags: [String] = []) {
        self.found = found
        self.shards = shards
        self.target = target
        self.classHashtags = classHashtags
    }

    /// - Parameter progress: told now and then which share is done, 0...1.
    package func write(progress: (Double) -> Void = { _ in }) throws -> PackResult {
        try target.check()
        let classes = try classes()
        let labels = try labelsOfCopies(classes)
        let source = "unique images of \(shards.joined(separator: " ")), shards of \(target.shardSize)"
        let folder = try PackFolder(target.sparing(ReadFiles(shards: shards)), source: source)
        let writer = ShardSetWriter(folder: folder, prefix: target.prefix, shardSize: target.shardSize)
        var counter = HashtagCounter()
        var account = found.account
        try forEachSample(classes, progress: progress) { number, dataset, index in
            guard found.firstOfCopy[number] == nil, !found.unusable.contains(number),
                let sample = try Self.read(dataset, index, SamplePart.allCases)
            else { return }
            var merged = Labels(sample, classHashtags)
            if let others = labels[number] { merged.unite(with: others) }
            counter.add(merged.hashtags)
            if merged.disagree {
                account.add(.incomplete, "whose class its copies contradict: packed without", example: sample.name)
            }
            var packed = try dataset.packed(index)
            if merged.hashtags != sample.hashtags {
                packed[.hashtags] = Sidecar.replacingHashtags(packed[.hashtags], with: merged.hashtags)
            }
            packed.setClass(merged.classIndex)
            try writer.append(packed)
        }
        guard writer.sampleCount > 0 else {
            throw DataError.output(path: target.output, problem: "no sample is left that is readable and no leak")
        }
        try writer.finish()
        if !counter.isEmpty { try folder.write(counter.vocabulary, name: target.prefix + "-hashtags.txt") }
        if let names = classes.names {
            try folder.write(names.map { $0 + "\n" }.joined(), name: target.prefix + "-classes.txt")
        }
        account.merge(writer.account)
        return try folder.publish(account)
    }

    /// What a sample is labelled as.
    private struct Labels {
        var hashtags: [String]
        var classIndex: Int?
        /// Copies are of different classes.
        var disagree = false

        init(_ sample: Sample, _ classHashtags: [String]) {
            hashtags = sample.hashtags
            classIndex = sample.classIndex
            guard let index = classIndex, classHashtags.indices.contains(index) else { return }
            if !hashtags.contains(classHashtags[index]) { hashtags.append(classHashtags[index]) }
        }

        mutating func unite(with other: Labels) {
            for tag in other.hashtags where !hashtags.contains(tag) { hashtags.append(tag) }
            disagree =
                disagree || other.disagree || classIndex != nil && other.classIndex.map { $0 != classIndex } == true
            classIndex = disagree ? nil : classIndex ?? other.classIndex
        }
    }

    /// Labels of all copies of each sample that has some.
    private func labelsOfCopies(_ classes: ClassNumbers) throws -> [Int: Labels] {
        var labels: [Int: Labels] = [:]
        guard !found.firstOfCopy.isEmpty else { return labels }
        try forEachSample(classes, progress: { _ in }) { number, dataset, index in
            guard let first = found.firstOfCopy[number],
                let sample = try Self.read(dataset, index, [.hashtags, .classIndex])
            else { return }
            let own = Labels(sample, classHashtags)
            if labels[first] == nil { labels[first] = own } else { labels[first]?.unite(with: own) }
        }
        return labels
    }

    /// One numbering of the classes of all shards, which may be packs of their own.
    private func classes() throws -> ClassNumbers {
        var names: Set<String> = []
        var (named, numbered): (Dataset?, Dataset?)
        for shard in shards {
            let dataset = try SampleScan.dataset(shard)
            names.formUnion(dataset.classNames)
            named = named ?? (dataset.classes.names == nil ? nil : dataset)
            numbered = numbered ?? (dataset.hasUnnamedClasses ? dataset : nil)
        }
        if let named, let numbered { throw PlanClasses.unlike(named: named, numbered: numbered) }
        return ClassNumbers(names)
    }

    private func forEachSample(
        _ classes: ClassNumbers, progress: (Double) -> Void,
        _ body: (_ number: Int, Dataset, _ index: Int) throws -> Void
    ) throws {
        var number = 0
        for (position, shard) in shards.enumerated() {
            let dataset = Dataset(try SampleScan.dataset(shard), classes: classes)
            for index in 0..<dataset.count {
                try body(number, dataset, index)
                number += 1
            }
            progress(Double(position + 1) / Double(shards.count))
        }
    }

    /// Nil for a sample that cannot be read; `Deduplication` has named it.
    private static func read(_ dataset: Dataset, _ index: Int, _ parts: [SamplePart]) throws -> Sample? {
        do {
            return try dataset.sample(index, parts: Set(parts), required: [])
        } catch DataError.sample {
            return nil
        }
    }
}
