import ArgumentParser
import MawsBase
import MawsImages
import MawsPlan
import MawsProcess
import MawsTensor

/// `maws-bench data`: what becomes of a decoded image, on one core.
struct DataRate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Measure the augmentation of decoded images, 500 x 375 pixels unless given, on one core.")

    @Option(help: "Width of the images.")
    var width = 500

    @Option(help: "Height of the images.")
    var height = 375

    @Option(help: "Side of the result.")
    var size = 224

    @Option(help: "Seconds a figure is measured for.")
    var seconds = 3.0

    func run() throws {
        var crop = AugmentPlan(crop: CropPlan(scale: [0.08, 1], ratio: [0.75, 4.0 / 3]), flip: true)
        try report("transform-bicubic", crop)
        crop.resize.interpolation = .bilinear
        try report("transform-bilinear", crop)
        crop.resize.interpolation = .bicubic
        crop.randAugment = RandAugmentPlan(count: 2, magnitude: 9)
        try report("transform-rand-augment", crop)
    }

    private func report(_ name: String, _ augment: AugmentPlan) throws {
        var random = CounterRandom(seed: 1, purpose: .test, element: 0)
        let image = PixelImage(
            width: width, height: height, channels: 3,
            pixels: (0..<3 * width * height).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        guard var model = ImageModelPlan.named("vit_ti16") else { preconditionFailure("there is no vit_ti16") }
        model.size = size
        let transform = try ImageTransform(
            model: model, resize: augment.resize, augment: augment, seed: 1, stage: "bench", stageIndex: 0)
        let (resizer, target) = (ImageResizer(), FloatBuffer(count: 3 * size * size))
        let start = Moment.now()
        var slot: UInt64 = 0
        while Moment.now().seconds(since: start) < seconds {
            transform.apply(image, slot: slot, into: target.pointer, with: resizer)
            slot += 1
        }
        Console.say("figure=\(name) value=\(Int(Double(slot) / Moment.now().seconds(since: start))) unit=images/s/core")
    }
}
