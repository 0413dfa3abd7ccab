import MawsTensor

/// What is read of one sample besides its pixels.
struct LoadedSample {
    /// The features of its image, where they are known; there are no pixels then.
    var features: [Float]?
    var labels: [Int]
    var tokens: [Int32]
    var classIndex: Int
}

/// Collects the rows of a unit. Images are drawn straight into the unit's memory.
final class UnitBatchBuilder {
    let resizer = ImageResizer()
    private var slots: [UInt64] = []
    private var views: [UInt64] = []
    private var features: [[Float]?] = []
    private var indices: [Int] = []
    private var labels: [[Int]] = []
    private var tokens: [Int32] = []
    private var classes: [Int] = []
    private var imageCount = 0
    private let capacity: Int
    private let channels: Int
    private let size: Int
    /// Made with the first image: a unit whose features are all known has none.
    private lazy var images = FloatBuffer(count: capacity * imageLength)

    init(capacity: Int, channels: Int, size: Int) {
        self.capacity = capacity
        self.channels = channels
        self.size = size
    }

    private var imageLength: Int { channels * size * size }
    /// Where the next image's pixels go.
    var nextImage: UnsafeMutablePointer<Float> { images.pointer + imageCount * imageLength }

    func append(_ sample: LoadedSample, slot: UInt64, view: UInt64, index: Int) {
        slots.append(slot)
        views.append(view)
        features.append(sample.features)
        indices.append(index)
        labels.append(sample.labels)
        tokens += sample.tokens
        classes.append(sample.classIndex)
        if sample.features == nil { imageCount += 1 }
    }

    func build(context: Int) -> UnitBatch {
        var batch = UnitBatch(
            slots: slots, samples: indices, views: views, images: filledImages(), channels: channels, size: size,
            labels: labels, tokens: tokens, context: context, classes: classes)
        if features.contains(where: { $0 != nil }) { batch.features = features }
        return batch
    }

    /// An evaluation's last unit, or one with unreadable samples, has fewer images than there is room for.
    private func filledImages() -> FloatBuffer {
        if imageCount == capacity { return images }
        let filled = FloatBuffer(count: imageCount * imageLength)
        if imageCount > 0 { filled.pointer.update(from: images.pointer, count: filled.count) }
        return filled
    }
}
