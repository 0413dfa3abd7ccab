import MawsBase
import MawsDataFiles
import MawsImages
import MawsPlan

/// How much of the data a survey looks at before a run starts.
package struct SurveyLimits: Sendable {
    /// Samples of a split whose labels and classes are read; more than these are looked at evenly spread.
    package var samples: Int
    /// Seconds after which no more of a split are read; the first few thousand always are.
    package var seconds: Double
    /// Images of a split that are decoded.
    package var images: Int
    /// Samples that are fetched of a split on other machines.
    package var samplesElsewhere: Int

    package init(samples: Int = 1 << 18, seconds: Double = 5, images: Int = 16, samplesElsewhere: Int = 16) {
        self.samples = samples
        self.seconds = seconds
        self.images = images
        self.samplesElsewhere = samplesElsewhere
    }
}

/// What one split holds beside its images: who has a caption or a class, which is counted whole, as indexes say it; and
/// what labels and classes they are, of the samples that were looked at.
struct SplitSurvey: Sendable {
    let name: String
    let dataset: Dataset
    /// Samples that are not excluded.
    let count: Int
    let excludedCount: Int
    /// Lines of the list of exclusions about shards of other splits.
    let foreignExclusionCount: Int
    /// Samples that have a class, where a stage evaluates.
    private(set) var classCount = 0
    /// Samples without a caption, where a stage learns captions.
    private(set) var captionlessCount = 0
    private(set) var looked = LookedAt()
    private(set) var images = ImagesLookedAt()
    private let positions: SamplePositions
    private let isElsewhere: [Bool]

    private static let batchSize = 4096

    /// - Parameter parts: what stages need besides images: captions are counted, hashtags and classes read.
    init(
        _ split: DataSplitPlan, _ dataset: Dataset, model: ImageModelPlan, parts: Set<SamplePart>,
        vocabulary: LabelVocabulary?, tokenizer: Tokenizer? = nil, root: String, limits: SurveyLimits
    ) throws {
        name = split.name
        self.dataset = dataset
        positions = try SamplePositions(
            dataset, split: split, root: root, resamples: false, vocabulary: LabelVocabulary())
        count = positions.count
        excludedCount = dataset.count - positions.count
        foreignExclusionCount =
            try split.exclude.map {
                try ExclusionList(path: PathText.resolved($0, root: root)).foreignCount(shards: split.shards)
            } ?? 0
        isElsewhere = dataset.remoteFiles.map { $0 != nil }
        if parts.contains(.classIndex) {
            classCount = (0..<count).count { dataset.has(.classIndex, positions.index($0)) }
        }
        if parts.contains(.caption) { captionlessCount = CaptionSurvey(dataset, positions).missingCount }
        // A command may have to run from its beginning for any of its samples.
        if isElsewhere.contains(true), split.shards.contains(where: { $0.hasPrefix("pipe:") }) { return }
        let isRead = parts.subtracting(tokenizer == nil ? [.caption] : [])
        try look(isRead, vocabulary: vocabulary, tokenizer, limits)
        try lookAtImages(limits, model: model, pixelCountMax: split.pixelCountMax)
    }

    private var isAllHere: Bool { !isElsewhere.contains(true) }

    /// What was looked at, as it is to be said: nothing where it was all.
    var coverage: String { looked.count < count ? " of the \(looked.count) looked at" : "" }

    /// The first so many positions, evenly spread whatever their number: each is a golden section of all further.
    private func spread(_ number: Int) -> [Int] {
        var step = max(1, Int(Double(count) * 0.618_033_988_75))
        while Self.greatestCommonDivisor(step, count) != 1 { step += 1 }
        return (0..<min(number, count)).map { $0 * step % count }
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }

    private mutating func look(
        _ parts: Set<SamplePart>, vocabulary: LabelVocabulary?, _ tokenizer: Tokenizer?, _ limits: SurveyLimits
    ) throws {
        guard !parts.isEmpty else { return }
        looked.labelNames = vocabulary?.names ?? []
        looked.labelCounts = [Int](repeating: 0, count: looked.labelNames.count)
        let start = Moment.now()
        let wanted = spread(isAllHere ? limits.samples : limits.samplesElsewhere)
        // One by one from other machines, so that the first that stalls is the last.
        let batchSize = isAllHere ? Self.batchSize : 1
        for first in stride(from: 0, to: wanted.count, by: batchSize) {
            if first > 0, Moment.now().seconds(since: start) > limits.seconds { return }
            let batch = wanted[first..<min(first + batchSize, wanted.count)]
            let (dataset, positions) = (dataset, positions)
            let read = AllCores.map(batch.count, grain: 64) { row in
                Result { try Reading(dataset, positions.index(batch[first + row]), parts: parts, tokenizer) }
            }
            for result in read {
                guard try look(result, vocabulary) else { return }
            }
        }
    }

    /// Whether to go on. A run goes on without what its trainers do not get, and a survey without what it does not.
    private mutating func look(_ result: Result<Reading, any Error>, _ vocabulary: LabelVocabulary?) throws -> Bool {
        do {
            looked.add(try result.get(), vocabulary)
        } catch is DataError {
            return isAllHere
        }
        return true
    }

    private mutating func lookAtImages(_ limits: SurveyLimits, model: ImageModelPlan, pixelCountMax: Int) throws {
        for position in spread(isAllHere ? limits.images : min(4, limits.images)) {
            let index = positions.index(position)
            do {
                let bytes = try dataset.sample(index, parts: [.image], required: [.image]).image
                try images.add(EncodedImage(bytes, pixelCountMax: pixelCountMax), model: model)
            } catch DataError.image(let problem) {
                images.leaveOut(dataset.place(index, reason: "the image \(problem)"))
            } catch DataError.sample(let sample) {
                images.leaveOut(sample)
            } catch is DataError {
                guard isAllHere else { return }
            }
        }
    }
}

/// What lies beside the image of a sample. A stage leaves a sample out only for a part that it reads itself: where one
/// cannot be read, the others are.
struct Reading: Sendable {
    private(set) var sample: Sample
    private(set) var hasReadableHashtags = true
    /// Why its class cannot be read.
    private(set) var classProblem: String?
    let isCut: Bool

    init(_ dataset: Dataset, _ index: Int, parts: Set<SamplePart>, _ tokenizer: Tokenizer?) throws {
        do {
            sample = try dataset.sample(index, parts: parts, required: [])
        } catch DataError.sample {
            sample = Sample(name: "", image: [], caption: nil, hashtags: [], classIndex: nil)
            for part in parts {
                do {
                    let own = try dataset.sample(index, parts: [part], required: [])
                    if part == .caption { sample.caption = own.caption }
                    if part == .hashtags { (sample.hashtags, sample.remarks) = (own.hashtags, own.remarks) }
                    if part == .classIndex { sample.classIndex = own.classIndex }
                } catch DataError.sample(let problem) {
                    if part == .hashtags { hasReadableHashtags = false }
                    if part == .classIndex { classProblem = problem.reason }
                }
            }
        }
        isCut = sample.caption.flatMap { tokenizer?.cuts($0) } ?? false
    }
}

/// Labels and classes of the samples that were looked at.
struct LookedAt: Sendable {
    private(set) var count = 0
    /// Samples whose hashtags can be read, be there any or none.
    private(set) var readableCount = 0
    private(set) var hashtagCount = 0
    private(set) var labelledCount = 0
    var labelNames: [String] = []
    /// Samples of each label of the vocabulary.
    var labelCounts: [Int] = []
    /// Samples of each class.
    private(set) var classCounts: [Int: Int] = [:]
    /// Samples whose class cannot be read, and why that of the first cannot.
    private(set) var unreadableClasses: (count: Int, reason: String) = (0, "")
    /// What was skipped in samples that are read.
    private(set) var remarks = SampleAccount()
    /// Captions that are longer than the text tower's context.
    private(set) var cutCount = 0
    /// The first different hashtags.
    private(set) var hashtags: [String] = []

    private static let hashtagsNamed = 3

    mutating func add(_ reading: Reading, _ vocabulary: LabelVocabulary?) {
        let sample = reading.sample
        count += 1
        if reading.hasReadableHashtags { readableCount += 1 }
        if reading.isCut { cutCount += 1 }
        if let problem = reading.classProblem {
            unreadableClasses = (
                unreadableClasses.count + 1, unreadableClasses.count == 0 ? problem : unreadableClasses.reason
            )
        }
        for remark in sample.remarks { remarks.add(.incomplete, remark) }
        if !sample.hashtags.isEmpty { hashtagCount += 1 }
        for tag in sample.hashtags where hashtags.count < Self.hashtagsNamed && !hashtags.contains(tag) {
            hashtags.append(tag)
        }
        let labels = vocabulary?.labels(of: sample.hashtags) ?? []
        if !labels.isEmpty { labelledCount += 1 }
        for label in labels { labelCounts[label] += 1 }
        if let number = sample.classIndex { classCounts[number, default: 0] += 1 }
    }

    /// Labels that none of the samples has.
    var unusedLabels: [String] { zip(labelNames, labelCounts).filter { $1 == 0 }.map(\.0) }

    /// Samples whose hashtags are none of the vocabulary's. One whose hashtags cannot be read is left out by a trainer
    /// that reads them.
    var unlabelledCount: Int { readableCount - labelledCount }
}

/// What the model makes of the images that were looked at.
struct ImagesLookedAt: Sendable {
    private(set) var count = 0
    /// Both sides shorter than the model's.
    private(set) var smallCount = 0
    /// Sides of the first of them.
    private(set) var smallSize = ""
    private(set) var colourCount = 0
    private(set) var unreadable = SampleAccount()
    /// Why the first of these cannot be read, with its figures.
    private(set) var firstReason = ""

    mutating func add(_ image: EncodedImage, model: ImageModelPlan) throws {
        let all = CropBox(x: 0, y: 0, width: image.width, height: image.height)
        let pixels = try image.decode(channels: 3, region: all, target: (width: 32, height: 32)).pixels
        count += 1
        if image.width < model.size, image.height < model.size {
            if smallCount == 0 { smallSize = "\(image.width) x \(image.height)" }
            smallCount += 1
        }
        if Self.isColour(pixels) { colourCount += 1 }
    }

    /// - Parameter pixels: red, green and blue in turn.
    private static func isColour(_ pixels: [UInt8]) -> Bool {
        var index = 0
        while index + 2 < pixels.count {
            if pixels[index] != pixels[index + 1] || pixels[index] != pixels[index + 2] { return true }
            index += 3
        }
        return false
    }

    mutating func leaveOut(_ sample: SkippedSample) {
        count += 1
        if firstReason.isEmpty { firstReason = sample.reason }
        unreadable.leaveOut(sample)
    }

    var readableCount: Int { count - unreadable.count(.leftOut) }
}
