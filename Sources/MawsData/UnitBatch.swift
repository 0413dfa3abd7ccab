import MawsTensor

/// The samples of one unit, decoded and augmented: what an objective computes on.
public struct UnitBatch: Sendable {
    /// Number of each sample in its stage, `step * globalBatch + row` when training, the index in the split when
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
}
