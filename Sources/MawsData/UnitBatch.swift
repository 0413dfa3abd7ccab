import MawsTensor

/// The samples of one unit, decoded and augmented: what an objective computes on.
public struct UnitBatch: Sendable {
    /// Number of each sample in its stage, `step * globalBatch + row` when training, the index in the split when
    /// evaluating: the element of every counter-based random number drawn for the sample.
    public var slots: [UInt64]
    /// Index of each sample in its data set.
    public var samples: [Int]
    /// Normalised pixels, shape (samples, channels, size, size).
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
        slots: [UInt64], samples: [Int], images: FloatBuffer, channels: Int, size: Int, labels: [[Int]] = [],
        tokens: [Int32] = [], context: Int = 0, classes: [Int] = []
    ) {
        self.slots = slots
        self.samples = samples
        self.images = images
        self.channels = channels
        self.size = size
        self.labels = labels
        self.tokens = tokens
        self.context = context
        self.classes = classes
    }

    public var count: Int { slots.count }
}
