import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// Zero-shot classification as CLIP does it: an image belongs to the class whose prompts' mean embedding has the
/// highest cosine with the image's embedding.
///
/// The class embeddings are made at the first batch and kept: make a new classifier for other weights. An evaluation
/// stage has one version of the weights.
package final class ZeroShotClassifier {
    private let prompts: ZeroShotPrompts
    private let tokenizer: Tokenizer
    private let backend: ComputeBackend
    private let towers: ContrastiveTowers
    private let workspace = Workspace()
    private let promptsPerPass: Int
    private var classEmbeddings: FloatBuffer?

    /// - Parameter root: folder that the plan's paths are relative to.
    package init(
        plan: Plan, stage: StagePlan, tokenizer: Tokenizer, root: String = ".", backend: ComputeBackend
    ) throws {
        guard let text = plan.model.text, let task = stage[ZeroShotTask.self] else {
            preconditionFailure("stage \(stage.name) lacks a text model, templates or classes")
        }
        prompts = try ZeroShotPrompts(
            templates: PathText.resolved(task.templates, root: root),
            classes: PathText.resolved(task.classes, root: root)
        )
        self.tokenizer = tokenizer
        self.backend = backend
        towers = ContrastiveTowers(
            stage, text, in: plan, table: StageModel.table(stage, in: plan), backend: backend)
        promptsPerPass = max(stage.unit, 1)
    }

    /// The first name of each class.
    package var classNames: [String] { prompts.classes.map { $0[0] } }

    /// The class of each sample, with the cosines of the prediction and of the truth (0 where the truth is unknown).
    package func classify(_ batch: UnitBatch, weights: any WeightSource) throws -> [ClassificationResult.Sample] {
        if batch.count == 0 { return [] }
        let classes = try classEmbeddings ?? embedClasses(weights)
        classEmbeddings = classes
        let truths = batch.target(as: ClassTarget.self).classes
        defer { workspace.releaseAll() }
        let rows = try towers.image.withFeatures(batch[.image].floats, weights: weights) {
            try project(towers.imageHead, $0, towers.imageProjection, weights)
        }
        let scores = FloatBuffer(count: batch.count * prompts.classes.count)
        backend.matrixProduct(
            scores.all, rows, transposed: false, classes.all, transposed: true, m: batch.count,
            n: prompts.classes.count, k: towers.imageHead.outputs)
        return (0..<batch.count).map { row in
            ClassificationResult.Sample(
                sample: batch.samples[row], key: batch.keys.isEmpty ? nil : batch.keys[row],
                truth: truths[row],
                scores: scores.slice(row * prompts.classes.count..<(row + 1) * prompts.classes.count).array)
        }
    }

    /// The mean of the unit-length embeddings of each class's prompts, of unit length again, [classes, embedding].
    private func embedClasses(_ weights: any WeightSource) throws -> FloatBuffer {
        let owners = prompts.classes.indices.flatMap { index in
            prompts.prompts(of: index).map { (index, tokenizer.encode($0)) }
        }
        let width = towers.textHead.outputs
        let sums = FloatBuffer(count: prompts.classes.count * width)
        for start in stride(from: 0, to: owners.count, by: promptsPerPass) {
            let part = owners[start..<min(start + promptsPerPass, owners.count)]
            let batch = TextBatch(tokens: part.flatMap(\.1), context: tokenizer.context)
            defer { workspace.releaseAll() }
            let begin = try towers.text.forward(batch, keeps: .nothing, workspace: workspace, weights: weights).begin
            let rows = try project(towers.textHead, begin, towers.textProjection, weights)
            backend.scatterAddRows(sums.all, rows, part.map(\.0), width: width)
        }
        let shape = RowShape(rows: prompts.classes.count, width: width)
        RowNormalization.forward(sums.all, FloatBuffer(count: shape.rows).all, sums.all, shape)
        return sums
    }

    private func project(
        _ head: ProjectionHead, _ x: FloatSlice, _ block: Int, _ weights: any WeightSource
    ) throws -> FloatSlice {
        defer { weights.release(block) }
        return head.forward(x, try weights.gather(block), workspace).rows
    }
}

extension FloatSlice {
    /// Numbers of the elements.
    fileprivate var indices: Range<Int> { 0..<count }
}
