import MawsTensor

/// The samples of one unit, decoded and augmented: what an objective computes on.
package struct UnitBatch: Sendable {
    /// Number of each sample in its stage, `step * globalBatch + row` when training, the position in the split when
    /// evaluating: the element of every counter-based random number drawn for the sample.
    package var slots: [UInt64]
    /// Index of each sample in its data set.
    package var samples: [Int]
    /// Number of each image's view, the element of its random crop and flip: the slot, unless the stage's views are
    /// fixed.
    package var views: [UInt64]
    /// Features of each sample that are known already; empty where none are. Such a sample has no image.
    package var features: [[Float]?] = []
    /// Normalised pixels of the samples without known features, in order, shape (samples, channels, size, size).
    package var images: FloatBuffer
    package var channels: Int
    package var size: Int
    /// Hashtag label indices of each sample, ascending, without repeats; empty where the stage does not use them.
    package var labels: [[Int]]
    /// Token ids, shape (samples, context), `<pad>` filled; empty where the stage does not use captions.
    package var tokens: [Int32]
    package var context: Int
    /// Clean class of each sample for evaluation, -1 where unknown.
    package var classes: [Int]
    /// Key of each sample in its shard, for evaluation; empty when training.
    package var keys: [String] = []
    /// Share of a row's pixels and labels that is its own sample's; the rest is `partner(of:)`'s. 1: nothing is mixed.
    package var ownShare = 1.0
    /// Labels of each row's partner, in a part of a unit: the partner may be in another one.
    package var partnerLabels: [[Int]]?

    package init(
        slots: [UInt64], samples: [Int], views: [UInt64]? = nil, images: FloatBuffer, channels: Int, size: Int,
        labels: [[Int]] = [], tokens: [Int32] = [], context: Int = 0, classes: [Int] = []
    ) {
        self.slots = slots
        self.samples = samples
        self.views = views ?? slots
        self.images = images
        self.channels = channels
        self.size = size
        self.labels = labels
        self.tokens = tokens
        self.context = context
        self.classes = classes
    }

    package var count: Int { slots.count }
    /// Memory of the pixels, the tokens and the features that are known.
    package var byteCount: Int {
        4 * (images.count + tokens.count + features.reduce(0) { $0 + ($1?.count ?? 0) })
    }
    /// Rows of the samples that `images` holds.
    package var imageRows: [Int] { features.isEmpty ? Array(0..<count) : (0..<count).filter { features[$0] == nil } }

    /// The batch without its images: its samples' features are all known.
    package func with(features: [[Float]]) -> UnitBatch {
        precondition(features.count == count)
        var batch = self
        batch.features = features
        batch.images = FloatBuffer(count: 0)
        return batch
    }

    /// The row whose sample is mixed into this one where samples are mixed: the one before, or the last.
    package func partner(of row: Int) -> Int { (row + count - 1) % count }

    /// What a row should be taken for: each sample's labels weigh the same, and its share together. A sample without
    /// labels adds none.
    package func target(of row: Int) -> [SoftLabel] {
        let own = labels[row].map { SoftLabel(label: $0, weight: ownShare / Double(labels[row].count)) }
        guard ownShare < 1 else { return own }
        let others = partnerLabels?[row] ?? labels[partner(of: row)]
        return own + others.map { SoftLabel(label: $0, weight: (1 - ownShare) / Double(others.count)) }
    }
}

/// A label and its part of a target, above 0 and up to 1.
package struct SoftLabel: Hashable, Sendable {
    package var label: Int
    package var weight: Double

    package init(label: Int, weight: Double) {
        self.label = label
        self.weight = weight
    }
}
