import MawsData
import MawsDataFiles
import MawsImages
import MawsPlan

/// What a set of shards holds, found by reading and decoding every sample.
package struct ShardSurvey: Sendable {
    /// Those that were skipped included.
    package private(set) var sampleCount = 0
    package private(set) var captionCount = 0
    /// Samples by their number of hashtags.
    package private(set) var hashtagHistogram: [Int: Int] = [:]
    package private(set) var hashtagCounts: [String: Int] = [:]
    /// Samples of each class; -1 where it is unknown.
    package private(set) var classCounts: [Int: Int] = [:]
    /// Images by size, `28 x 28` for instance.
    package private(set) var imageSizes: [String: Int] = [:]
    package private(set) var problems: [SkippedSample] = []
    /// What became of the samples: those that are readable, and what they lack; `problems`, and what is no sample.
    package private(set) var account: SampleAccount
    /// What is to be said of how the samples are read, a sentence each.
    package let notes: [String]
    package let fingerprint: String
    private var sums = [Double](repeating: 0, count: 3)
    private var squares = [Double](repeating: 0, count: 3)
    private var imageCount = 0

    /// Tokens of the captions, where a tokenizer was given.
    package private(set) var captionLengths = CaptionLengths()
    private let tokenizer: Tokenizer?

    /// - Parameters:
    ///   - shards: paths, in order.
    ///   - tokenizer: counts the captions' tokens, and those that its context cuts.
    package init(shards: [String], tokenizer: Tokenizer? = nil) throws {
        self.tokenizer = tokenizer
        let split = DataSplitPlan(name: "shards", shards: shards, vocabulary: nil, tokenizer: nil, skipLimit: 1)
        let dataset = try Dataset(split, root: "")
        fingerprint = dataset.fingerprint
        notes = dataset.notes
        problems = dataset.problems
        account = dataset.account
        sampleCount = problems.count
        for index in 0..<dataset.count {
            sampleCount += 1
            do {
                try add(dataset.sample(index))
            } catch DataError.image(let problem) {
                leaveOut(dataset.place(index, reason: "the image \(problem)"))
            } catch DataError.sample(let sample) {
                leaveOut(sample)
            }
        }
    }

    private mutating func leaveOut(_ sample: SkippedSample) {
        problems.append(sample)
        account.leaveOut(sample)
    }

    /// Mean over the images of each channel's mean pixel, 0...1: what a plan's `mean` wants.
    package var mean: [Double] { sums.map { $0 / Double(max(1, imageCount)) } }

    /// Square root of the mean squared distance of pixels from `mean`, every image weighing the same.
    package var std: [Double] {
        zip(squares, mean).map { max(0, $0 / Double(max(1, imageCount)) - $1 * $1).squareRoot() }
    }

    private mutating func add(_ sample: Sample) throws {
        let (image, isDoubtful) = try EncodedImage(sample.image).decodeWhole(channels: 3)
        if let caption = sample.caption { add(caption, of: sample.name) }
        hashtagHistogram[sample.hashtags.count, default: 0] += 1
        for tag in sample.hashtags { hashtagCounts[tag, default: 0] += 1 }
        classCounts[sample.classIndex ?? -1, default: 0] += 1
        imageSizes["\(image.width) x \(image.height)", default: 0] += 1
        imageCount += 1
        account.take(
            name: sample.name, hasCaption: sample.caption != nil, hasHashtags: !sample.hashtags.isEmpty,
            hasClass: sample.classIndex != nil)
        for remark in sample.remarks { account.add(.incomplete, remark, example: sample.name) }
        if isDoubtful { account.add(.incomplete, SampleAccount.doubtful, example: sample.name) }
        addPixels(image)
    }

    private mutating func add(_ caption: String, of name: String) {
        captionCount += 1
        if caption.allSatisfy(\.isWhitespace) { account.add(.incomplete, "with an empty caption", example: name) }
        guard let tokenizer else { return }
        let count = tokenizer.tokenCount(caption)
        captionLengths.add(count)
        if tokenizer.cuts(caption) {
            account.add(.incomplete, SampleAccount.cut(context: tokenizer.context), example: name)
        }
    }

    private mutating func addPixels(_ image: PixelImage) {
        var sum = SIMD3<UInt64>()
        var square = SIMD3<UInt64>()
        for index in stride(from: 0, to: image.pixels.count, by: 3) {
            let pixel = SIMD3<UInt64>(
                UInt64(image.pixels[index]), UInt64(image.pixels[index + 1]), UInt64(image.pixels[index + 2]))
            sum &+= pixel
            square &+= pixel &* pixel
        }
        let count = Double(image.width * image.height)
        for channel in 0..<3 {
            sums[channel] += Double(sum[channel]) / count / 255
            squares[channel] += Double(square[channel]) / count / (255 * 255)
        }
    }
}
