import Foundation
import MawsFiles
import MawsRecords
import MawsTraining

/// `shown/` in a run's folder: the images and reconstructions that its report shows, as they were when it was first
/// written. The report can be made again where the data and the checkpoints are not.
struct ShownData {
    private let folder: String
    /// Whether what is shown for the first time is kept.
    private let keeps: Bool

    init(_ run: RunFolder, keeps: Bool) {
        folder = "\(run.path)/shown"
        self.keeps = keeps
    }

    /// The encoded image of a split's sample; nil where it was never shown.
    func image(split: String, sample: Int) -> [UInt8]? { try? AtomicFile.read(imagePath(split, sample)) }

    func keep(image: [UInt8], split: String, sample: Int) { write(image, imagePath(split, sample)) }

    /// Whether any image of the split was ever shown.
    func hasImages(of split: String) -> Bool {
        ((try? Folder.names(in: folder)) ?? []).contains { $0.hasPrefix("image-\(split)-") }
    }

    /// What a `mae` stage made of some images after so many steps.
    func reconstruction(stage: String, steps: Int) -> MAEReconstruction? {
        guard let bytes = try? AtomicFile.read(reconstructionPath(stage, steps)),
            let kept = try? JSONDecoder().decode(KeptReconstruction.self, from: Data(bytes))
        else { return nil }
        return kept.reconstruction
    }

    func keep(_ reconstruction: MAEReconstruction, stage: String, steps: Int) {
        guard let text = try? JSONLine.encode(KeptReconstruction(reconstruction)) else { return }
        write(Array(text.utf8), reconstructionPath(stage, steps))
    }

    private func imagePath(_ split: String, _ sample: Int) -> String { "\(folder)/image-\(split)-\(sample)" }

    private func reconstructionPath(_ stage: String, _ steps: Int) -> String {
        "\(folder)/reconstruction-\(stage)-\(steps).json"
    }

    /// A folder that cannot be written costs the copy, not the report, which is written in another folder then.
    private func write(_ bytes: [UInt8], _ path: String) {
        guard keeps, !FileManager.default.fileExists(atPath: path) else { return }
        try? Folder.make(folder)
        try? AtomicFile.write(bytes, to: path)
    }
}

/// Pixels as the bytes that a page shows of them.
private struct KeptReconstruction: Codable {
    var count: Int
    var channels: Int
    var size: Int
    var original: Data
    var masked: Data
    var reconstructed: Data

    init(_ images: MAEReconstruction) {
        (count, channels, size) = (images.count, images.channels, images.size)
        original = Self.bytes(images.original)
        masked = Self.bytes(images.masked)
        reconstructed = Self.bytes(images.reconstructed)
    }

    /// Nil where the file does not hold as many pixels as it says.
    var reconstruction: MAEReconstruction? {
        let (plane, isTooLarge) = size.multipliedReportingOverflow(by: size)
        guard !isTooLarge, count > 0, channels > 0, plane > 0, original.count % (count * channels) == 0,
            original.count / (count * channels) == plane, masked.count == original.count,
            reconstructed.count == original.count
        else { return nil }
        return MAEReconstruction(
            count: count, channels: channels, size: size, original: Self.pixels(original),
            masked: Self.pixels(masked), reconstructed: Self.pixels(reconstructed))
    }

    private static func bytes(_ pixels: [Float]) -> Data {
        Data(pixels.map { $0.isFinite ? UInt8(max(0, min(255, $0 * 255 + 0.5))) : 0 })
    }

    private static func pixels(_ bytes: Data) -> [Float] { bytes.map { Float($0) / 255 } }
}
