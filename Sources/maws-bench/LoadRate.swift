import ArgumentParser
import Foundation
import MawsBase
import MawsData
import MawsImages
import MawsPlan
import MawsProcess

/// `maws-bench load`: how fast one core turns image files into batches, and which part of it is what.
struct LoadRate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Measure reading, decoding, cropping and resizing on one core.",
        discussion: "RandomResizedCrop (bicubic) to 224 px, flip, normalise, as a training stage's loader does it.")

    @Option(help: ArgumentHelp("Folder of images.", valueName: "folder"))
    var folder: String

    @Option(help: "Seconds each figure is measured for.")
    var seconds = 5.0

    @Option(help: "Least share of an image's area that a crop has.")
    var scale = 0.2

    private static let (size, unit) = (224, 64)
    private var crop: CropPlan { CropPlan(scale: [scale, 1], ratio: [0.75, 4.0 / 3]) }

    func run() throws {
        let files = try images()
        let boxes = try RandomResizedCrop(crop, stage: "bench")
        let decode = try rate(files) { index, bytes in _ = try part(bytes, boxes, slot: index) }
        let parts = try files.prefix(256).enumerated().map { try part($0.element, boxes, slot: $0.offset) }
        let resizer = ImageResizer()
        let resize = rate(parts) { _, image in
            let all = CropBox(x: 0, y: 0, width: image.width, height: image.height)
            resizer.resize(
                image, ResizeGeometry(crop: all, width: Self.size, height: Self.size), interpolation: .bicubic)
        }
        let whole = try loaderRate()
        Console.say("figure=data value=\(Int(whole)) unit=images/s/core")
        Console.say("figure=data-decode-share value=\(rounded(whole / decode)) unit=1")
        Console.say("figure=data-resize-share value=\(rounded(whole / resize)) unit=1")
        Console.say("figure=data-other-share value=\(rounded(1 - whole / decode - whole / resize)) unit=1")
    }

    private func images() throws -> [[UInt8]] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
        let files = names.filter { $0.hasSuffix(".jpg") }.prefix(2048)
        return try files.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0))) }
    }

    /// The decoded region of a random crop.
    private func part(_ bytes: [UInt8], _ crop: RandomResizedCrop, slot: Int) throws -> PixelImage {
        let image = try EncodedImage(bytes)
        var random = CounterRandom(seed: 1, purpose: .crop, element: UInt64(slot))
        let box = crop.box(width: image.width, height: image.height, random: &random)
        return try image.decode(channels: 3, region: box, target: (width: Self.size, height: Self.size))
    }

    /// Calls a second, going round the items.
    private func rate<Item>(_ items: [Item], _ body: (Int, Item) throws -> Void) rethrows -> Double {
        let start = Moment.now()
        var count = 0
        while Moment.now().seconds(since: start) < seconds {
            try body(count, items[count % items.count])
            count += 1
        }
        return Double(count) / Moment.now().seconds(since: start)
    }

    /// Images a second of the loader of a training stage.
    private func loaderRate() throws -> Double {
        guard let plans = BenchPlan(preset: "vit_b16", unit: Self.unit) else { return 0 }
        var (plan, stage) = (plans.plan, plans.mae)
        plan.data = [
            DataSplitPlan(name: "train", shards: ["folder:" + folder], vocabulary: nil, tokenizer: nil, skipLimit: 0)
        ]
        stage.recipe = RecipePlan(
            preset: "bench", schedule: SchedulePlan(shape: .constant, peak: 1, warmup: 0),
            optimizer: OptimizerPlan(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: nil),
            augment: AugmentPlan(crop: crop, flip: true))
        let loader = try BatchLoader(plan: plan, stage: stage, stageIndex: 0, root: "")
        let start = Moment.now()
        var step: UInt64 = 0
        while Moment.now().seconds(since: start) < seconds {
            _ = try loader.batch(step: step, unit: 0)
            step += 1
        }
        return Double(step) * Double(Self.unit) / Moment.now().seconds(since: start)
    }

    private func rounded(_ value: Double) -> String { String(format: "%.2f", value) }
}
