import MawsData
import MawsModel
import MawsPlan
import MawsTensor

/// Images before, under and after a masked autoencoder, pixels in 0...1, each (count, channels, size, size).
package struct MAEReconstruction: Sendable {
    package var count: Int
    package var channels: Int
    package var size: Int
    package var original: [Float]
    /// Hidden patches are mid-grey, 0.5.
    package var masked: [Float]
    /// Predicted patches where hidden, the original elsewhere.
    package var reconstructed: [Float]

    package init(
        count: Int, channels: Int, size: Int, original: [Float], masked: [Float], reconstructed: [Float]
    ) {
        (self.count, self.channels, self.size) = (count, channels, size)
        (self.original, self.masked, self.reconstructed) = (original, masked, reconstructed)
    }

    /// - Parameter prediction: the hidden patches in the normalised pixels of the batch.
    init(
        _ batch: UnitBatch, _ prediction: FloatSlice, _ hidden: PatchSelection, _ grid: PatchGrid,
        _ model: ImageModelPlan
    ) {
        (count, channels, size) = (batch.count, model.channels, model.size)
        let images = batch[.image].floats
        let filled = FloatBuffer(images.array)
        grid.write(filled.all, prediction, hidden, .prediction)
        original = Self.pixels(images, model)
        reconstructed = Self.pixels(filled.all, model)
        let covered = FloatBuffer(original)
        let grey = FloatBuffer([Float](repeating: 0.5, count: prediction.count))
        grid.write(covered.all, grey.all, hidden, .prediction)
        masked = covered.array
    }

    private static func pixels(_ images: FloatSlice, _ model: ImageModelPlan) -> [Float] {
        let plane = model.size * model.size
        return images.array.enumerated().map { index, value in
            let channel = index / plane % model.channels
            return min(1, max(0, value * model.std[channel] + model.mean[channel]))
        }
    }
}
