import MawsTensor

/// The samples of one unit, decoded and augmented: what an objective computes on.
public struct UnitBatch: Sendable {
    /// Number of each sample in its stage, `step * globalBatch + row` when training, the position in the split when
    /// evaluating: the element of every counter-based random number drawn for the sample.
    public var slots: [UInt64]
    /// Index of each sample in its data set.
    public var samples: [Int]
    /// Number of each image's view, the element of its random crop and flip: the slot, unless the stage's views are
    /// fixed.
    public var views: [UInt64]
    /// Features of each sample that are known already; empty where none are. Such a sample has no image.
    public var features: [[Float]?] = []
    /// Normalised pixels of the samples without known features, in order, shape (samples, channels, size, size).
    public var images: FloatBuffer
    public var channels: Int
    public var size: Int
    /// Hashtag label indices of each sample, ascending, without repeats; empty where the stage does not use them.
    public var labels: [[Int]]
    /// Token ids, shape (samples, context), `<pad>` filled; empty where the stage does not use captions.
    public var tokens: [Int32]
    public var context: Int
    /// Clean class of each sample for evaluation, -1 where unknown.
    public var classes: [Int]
    /// Key of each sample in its shard, for evaluation; empty when training.
    public var keys: [String] = []
    /// Share of a row's pixels and labels that is its own sample's; the rest is `partner(of:)`'s. 1: nothing is mixed.
    public var ownShare = 1.0
    /// Labels of each row's partner, in a part of a unit: the partner may be in another one.
    public var partnerLabels: [[Int]]?

    public init(
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

    public var count: Int { slots.count }
    /// Memory of the pixels, the tokens and the features that are known.
    public var byteCount: Int {
        4 * (images.count + tokens.count + features.reduce(0) { $0 + ($1?.count ?? 0) })
    }
    /// Rows of the samples that `images` holds.
    public var imageRows: [Int] { features.isEmpty ? Array(0..<count) : (0..<count).filter { features[$0] == nil } }

    /// The batch without its images: its samples' features are all known.
    public func with(features: [[Float]]) -> UnitBatch {
        precondition(features.count == count)
        var batch = self
        batch.features = features
        batch.images = FloatBuffer(count: 0)
        return batch
    }

    /// The row whose sample is mixed into this one where samples are mixed: the one before, or the last.
    public func partner(of row: Int) -> Int { (row + count - 1) % count }

    /// What a row should be taken for: each sample's labels weigh the same, and its share together. A sample without
    /// labels adds none.
    public func target(of row: Int) -> [SoftLabel] {
        let own = labels[row].map { SoftLabel(label: $0, weight: ownShare / Double(labels[row].count)) }
        guard ownShare < 1 else { return own }
        let others = partnerLabels?[row] ?? labels[partner(of: row)]
        return own + others.map { SoftLabel(label: $0, weight: (1 - ownShare) / Double(others.count)) }
    }
}

/// A label and its part of a target, above 0 and up to 1.
public struct SoftLabel: Hashable, Sendable {
    public var label: Int
    public var weight: Double

    public init(label: Int, weight: Double) {
        self.label = label
        self.weight = weight
    }
}
