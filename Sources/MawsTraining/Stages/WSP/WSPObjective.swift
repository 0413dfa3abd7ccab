import Foundation
import MawsBase
import MawsData
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor

/// Weakly supervised pretraining: softmax cross-entropy of a head on the class token against an image's hashtags as a
/// uniform distribution, mixed and smoothed where the plan says so.
package final class WSPObjective: UnitObjective {
    private let model: ImageModelPlan
    private let table: BlockTable
    private let backend: ComputeBackend
    private let workspace = Workspace()
    private let buffers: GradientBuffers
    private let tower: ImageTower
    private let keeps: KeptActivations
    private let labelCount: Int
    private let smoothing: Double
    private let headBlock: Int
    /// The head's layers in its block; the inner one, with its Tanh, of an `mlp` alone.
    private let inner: Layer?
    private let outer: Layer

    private struct Layer {
        let weight: Range<Int>
        let bias: Range<Int>

        init(_ name: String, in block: ParameterBlock) {
            weight = block.entry("\(name).weight").range
            bias = block.entry("\(name).bias").range
        }
    }

    /// - Parameter keeps: `inputs` computes each block again to go backward, in less memory, with the same bits.
    package init(
        plan: Plan, stage: StagePlan, stageIndex: UInt32, backend: ComputeBackend, keeps: KeptActivations = .everything
    ) {
        guard let task = stage[WSPTask.self] else { preconditionFailure("stage \(stage.name) learns no hashtags") }
        model = stage.image(in: plan)
        labelCount = task.labelCount
        smoothing = task.labelSmoothing
        table = StageModel.table(stage, in: plan)
        self.backend = backend
        buffers = GradientBuffers(backend: backend)
        self.keeps = keeps
        tower = ImageTower(model, table: table, backend: backend, workspace: workspace)
        guard let head = table.index(of: "head") else { preconditionFailure("the table has no head") }
        headBlock = head
        let block = table.blocks[head]
        inner = task.head == .mlp ? Layer("head.0", in: block) : nil
        outer = Layer(task.head == .mlp ? "head.2" : "head", in: block)
    }

    package func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double {
        defer { workspace.releaseAll() }
        let features = try tower.forward(
            batch[.image].floats, visible: .all(model.patchCount, images: batch.count), output: .classToken,
            keeps: keeps, weights: weights)
        let dFeatures = workspace.take(features.count)
        let targets = (0..<batch.count).map(batch.target(as: LabelTarget.self).softLabels)
        let loss = try head(dFeatures, features, targets, globalBatch, weights: weights, gradients: gradients)
        try tower.backward(dFeatures, weights: weights, gradients: gradients, buffers: buffers)
        return loss
    }

    /// Forward and backward of the head and the loss.
    private func head(
        _ dFeatures: FloatSlice, _ features: FloatSlice, _ targets: [[SoftLabel]], _ globalBatch: Int,
        weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double {
        let rows = targets.count
        let innerShape = LinearShape(rows: rows, inputs: model.width, outputs: model.width)
        let shape = LinearShape(rows: rows, inputs: model.width, outputs: labelCount)
        let logits = workspace.take(rows * labelCount)
        let (hidden, dHidden) =
            inner == nil ? (features, dFeatures) : (workspace.take(features.count), workspace.take(features.count))
        let buffer = try weights.gather(headBlock)
        if let inner {
            backend.linearForward(
                hidden, features, buffer.slice(inner.weight), buffer.slice(inner.bias), residual: nil, innerShape)
            backend.tanhForward(hidden, hidden)
        }
        backend.linearForward(
            logits, hidden, buffer.slice(outer.weight), buffer.slice(outer.bias), residual: nil, shape)
        let loss = crossEntropy(logits, targets, globalBatch)
        let gradient = buffers.take(headBlock, count: table.blocks[headBlock].count, for: gradients)
        backend.linearBackward(
            dHidden, gradient.slice(outer.weight), gradient.slice(outer.bias), logits, hidden,
            buffer.slice(outer.weight), shape)
        if let inner {
            backend.tanhBackward(dHidden, dHidden, hidden)
            backend.linearBackward(
                dFeatures, gradient.slice(inner.weight), gradient.slice(inner.bias), dHidden, features,
                buffer.slice(inner.weight), innerShape)
        }
        weights.release(headBlock)
        try gradients.push(headBlock, gradient)
        return loss
    }

    /// -Σ target · log softmax(logits), summed over the rows, divided by the global batch. Leaves its gradient in
    /// `logits`. The part of a row that has no labels has no loss.
    private func crossEntropy(_ logits: FloatSlice, _ targets: [[SoftLabel]], _ globalBatch: Int) -> Double {
        let rows = (0..<targets.count).map { logits.part($0 * labelCount, labelCount) }
        let sums = zip(rows, targets).map(targetSum)
        let peaks = rows.map(peak)
        backend.softmaxForward(logits, logits, RowShape(rows: targets.count, width: labelCount))
        var loss = 0.0
        for (row, probabilities) in rows.enumerated() {
            let weight = targets[row].reduce(0) { $0 + $1.weight }
            let logSumExp = peaks[row].logit - log(Double(probabilities[peaks[row].label]))
            loss += weight * logSumExp - sums[row]
            backend.scale(probabilities, probabilities, by: Float(weight / Double(globalBatch)))
            subtract(targets[row], weight, from: probabilities, globalBatch)
        }
        return loss / Double(globalBatch)
    }

    /// Σ target · logits of one row.
    private func targetSum(_ logits: FloatSlice, _ target: [SoftLabel]) -> Double {
        let sharp = target.reduce(0) { $0 + $1.weight * Double(logits[$1.label]) }
        guard smoothing > 0 else { return sharp }
        let weight = target.reduce(0) { $0 + $1.weight }
        let sum = (0..<labelCount).reduce(0) { $0 + Double(logits[$1]) }
        return (1 - smoothing) * sharp + smoothing * weight / Double(labelCount) * sum
    }

    /// The largest logit of a row: its probability is at least 1 / labels, so that its logarithm is exact.
    private func peak(_ logits: FloatSlice) -> (label: Int, logit: Double) {
        let label = (0..<labelCount).reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
        return (label, Double(logits[label]))
    }

    private func subtract(
        _ target: [SoftLabel], _ weight: Double, from gradient: FloatSlice, _ globalBatch: Int
    ) {
        for soft in target {
            gradient[soft.label] -= Float((1 - smoothing) * soft.weight / Double(globalBatch))
        }
        guard smoothing > 0 else { return }
        let even = Float(smoothing * weight / (Double(labelCount) * Double(globalBatch)))
        for label in 0..<labelCount { gradient[label] -= even }
    }
}
