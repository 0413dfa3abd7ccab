import Foundation
import MawsKernels
import MawsTensor

/// All unit-length rows of a global batch with what the CLIP loss needs of the whole. Made once a step by every
/// trainer, from the same bytes, with the same bits.
///
/// Scores are s = scale · X · Yᵀ with scale = min(exp(logit scale), 100). The loss is the mean over both directions and
/// the B pairs of the softmax cross-entropy with label smoothing ε (open_clip's ClipLoss with `label_smoothing` of
/// torch.nn.functional.cross_entropy): target (1 - ε) at the partner, plus ε / B everywhere.
///
/// CLIP clamps the parameter after every update. Weights live on servers that know nothing of models, so here the
/// factor is clamped where it is read, and at the clamp the parameter's gradient is dropped while it points further up
/// and kept when it points back down: the parameter cannot run away and cannot get stuck.
package final class LiTEmbeddings {
    /// Highest factor on the cosines, as in CLIP.
    private static let scaleMax: Float = 100

    /// A unit's part of the loss and its gradients; the shares of all units add up to the whole.
    package struct Share {
        package var loss: Double
        /// Gradient of the unit's unit-length rows, [rows, width], in the memory of a workspace.
        package var dImages: FloatSlice
        package var dTexts: FloatSlice
        /// Gradient of the parameter, the logarithm of the factor.
        package var dLogitScale: Double
    }

    /// Pairs in the global batch, and values in a row.
    package let count: Int
    package let width: Int
    private let images: FloatSlice
    private let texts: FloatSlice
    private let smoothing: Float
    private let scores: ScoreSlabs
    private let memory: WorkspacePool
    /// Log-sum-exp of each image's scores over all texts, and of each text's over all images, [B].
    private let imageLogSumExp: FloatSlice
    private let textLogSumExp: FloatSlice
    /// Each pair's part of the loss and of the parameter's gradient.
    private let losses: [Double]
    private let dLogitScales: [Double]

    /// - Parameters:
    ///   - images, texts: unit-length rows [B × width], row i of one being the partner of row i of the other.
    ///   - logitScale: the parameter, the logarithm of the factor on the cosines.
    ///   - smoothing: ε, 0...1.
    package convenience init(
        images: FloatSlice, texts: FloatSlice, width: Int, logitScale: Float, smoothing: Float,
        backend: ComputeBackend
    ) {
        self.init(
            images: images, texts: texts, width: width, logitScale: logitScale, smoothing: smoothing,
            backend: backend, memory: WorkspacePool())
    }

    /// - Parameter memory: lends the workspace that everything but the rows lies in.
    init(
        images: FloatSlice, texts: FloatSlice, width: Int, logitScale: Float, smoothing: Float,
        backend: ComputeBackend, memory: WorkspacePool
    ) {
        precondition(images.count == texts.count && images.count % width == 0 && images.count > 0)
        self.count = images.count / width
        self.width = width
        self.images = images
        self.texts = texts
        self.smoothing = smoothing
        self.memory = memory
        // The clamp is for a parameter that grows, not for one that is no number.
        let scale = logitScale.isFinite ? Float(exp(Double(logitScale))) : .nan
        let workspace = memory.take()
        scores = ScoreSlabs(
            scale: min(scale, Self.scaleMax), count: count, width: width, backend: backend, workspace: workspace)
        (imageLogSumExp, textLogSumExp) = (workspace.take(count), workspace.take(count))
        let byImage = scores.statistics(own: images, other: texts)
        let byText = scores.statistics(own: texts, other: images)
        imageLogSumExp.copy(from: byImage.map { Float($0.row.logSumExp) })
        textLogSumExp.copy(from: byText.map { Float($0.row.logSumExp) })
        let parts = zip(byImage, byText).map { image, text in
            let first = Self.part(image.row, pair: image.pair, count: byImage.count, smoothing: smoothing)
            let second = Self.part(text.row, pair: text.pair, count: byImage.count, smoothing: smoothing)
            return (loss: first.loss + second.loss, dLogitScale: first.dLogitScale + second.dLogitScale)
        }
        losses = parts.map(\.loss)
        let dLogitScale = parts.reduce(0) { $0 + $1.dLogitScale }
        let runsAway = scale >= Self.scaleMax && dLogitScale < 0
        dLogitScales = parts.map { runsAway ? 0 : $0.dLogitScale }
    }

    deinit { memory.give(scores.workspace) }

    /// Bytes that the common part of `pairs` pairs takes while it is made and used.
    static func byteCount(pairs: Int, width: Int) -> Int {
        // Rows of both sides, both sides' statistics, and for each pair log-sums and parts of the loss.
        pairs * (8 * width + 2 * MemoryLayout<(row: SoftmaxStatistics, pair: Double)>.stride + 24)
            + ScoreSlabs.byteCount(pairs)
    }

    /// The loss of the global batch.
    package var loss: Double { losses.reduce(0, +) }

    /// The part of the pairs `rows`.
    /// - Parameter workspace: gets the gradients.
    package func share(of rows: Range<Int>, in workspace: Workspace) -> Share {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count && !rows.isEmpty)
        let share = Share(
            loss: losses[rows].reduce(0, +), dImages: workspace.take(rows.count * width),
            dTexts: workspace.take(rows.count * width), dLogitScale: dLogitScales[rows].reduce(0, +))
        scores.gradient(
            share.dImages, of: rows, own: images, other: texts, ownLogSumExp: imageLogSumExp,
            otherLogSumExp: textLogSumExp, smoothing: smoothing)
        scores.gradient(
            share.dTexts, of: rows, own: texts, other: images, ownLogSumExp: textLogSumExp,
            otherLogSumExp: imageLogSumExp, smoothing: smoothing)
        return share
    }

    /// One row's part in one direction: with t the target, (logsumexp(s) - Σ t · s) / 2B and, since s is proportional
    /// to the exponential of the parameter, (Σ softmax(s) · s - Σ t · s) / 2B.
    private static func part(
        _ row: SoftmaxStatistics, pair: Double, count: Int, smoothing: Float
    ) -> (loss: Double, dLogitScale: Double) {
        let epsilon = Double(smoothing)
        let target = (1 - epsilon) * pair + epsilon / Double(count) * row.sum
        let factor = 0.5 / Double(count)
        return ((row.logSumExp - target) * factor, (row.mean - target) * factor)
    }
}
