import MawsData
import MawsKernels
import MawsModel
import MawsTensor

/// A unit computed in parts of a size that the plan fixes: their gradients are added up in order, and the unit's leaves
/// as one. The activations are those of a part; one gradient of the whole model is here instead.
package final class MicroBatches: UnitObjective {
    private let objective: any UnitObjective
    private let size: Int
    private let sum: GradientSum
    /// The images of the part that is computed.
    private var images = FloatBuffer(count: 0)

    package init(of objective: any UnitObjective, size: Int, backend: ComputeBackend) {
        (self.objective, self.size) = (objective, size)
        sum = GradientSum(backend: backend)
    }

    package func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double {
        let ranges = batch.ranges(of: size)
        var loss = 0.0
        for (index, range) in ranges.enumerated() {
            loss += try objective.computeUnit(
                batch.part(range, images: &images), globalBatch: globalBatch, weights: weights,
                gradients: sum.part(index, of: ranges.count, to: gradients))
        }
        return loss
    }
}

extension UnitBatch {
    /// The samples' ranges in parts of `size`, the last of which may be smaller.
    package func ranges(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    /// Some of the samples.
    package func part(_ range: Range<Int>) -> UnitBatch {
        var images = FloatBuffer(count: 0)
        return part(range, images: &images)
    }

    /// Some of the samples, their images in `memory` where that has their size.
    func part(_ range: Range<Int>, images memory: inout FloatBuffer) -> UnitBatch {
        if range == 0..<count { return self }
        let rows = imageRows
        let first = rows.count { $0 < range.lowerBound }
        let imageCount = rows.count { range.contains($0) }
        let pixels = channels * size * size
        if memory.count != imageCount * pixels { memory = FloatBuffer(count: imageCount * pixels) }
        memory.all.copy(from: images.slice(first * pixels..<(first + imageCount) * pixels))
        func some<Value>(_ values: [Value], _ each: Int = 1) -> [Value] {
            values.isEmpty ? [] : Array(values[range.lowerBound * each..<range.upperBound * each])
        }
        var part = UnitBatch(
            slots: some(slots), samples: some(samples), views: some(views), images: memory, channels: channels,
            size: size, labels: some(labels), tokens: some(tokens, context), context: context, classes: some(classes))
        part.features = some(features)
        part.ownShare = ownShare
        if ownShare < 1 { part.partnerLabels = range.map { partnerLabels?[$0] ?? labels[partner(of: $0)] } }
        return part
    }
}
