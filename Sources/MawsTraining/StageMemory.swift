import MawsBase
import MawsModel
import MawsPlan
import MawsTensor

/// Bytes that one unit of a stage takes in a trainer, apart from the weights.
public struct StageMemory: Sendable {
    private let stacks: [TransformerMemory]
    /// Activations outside the stacks: patches, tokens, predictions, images, logits.
    private let outside: Int
    /// The largest block's gradient.
    private let gradient: Int
    /// Of the text tower outside its stack, kept with a unit of LiT.
    private let textOutside: Int
    private let threads: Int

    public init(plan: Plan, stage: StagePlan, table: BlockTable, threads: Int) {
        let (model, unit) = (plan.model.image, stage.unit)
        let operands: ElementType = plan.precision == .bf16 ? .bfloat16 : .float32
        let pixels = unit * model.channels * model.size * model.size
        let visible = stage.kind == .mae ? stage.visiblePatches(model) : model.patchCount
        let image = TransformerMemory.image(
            sequences: unit, tokens: visible + 1, width: model.width, heads: model.heads, mlp: model.mlp,
            depth: model.depth, operands: operands)
        let tokens = unit * (visible + 1) * model.width
        // Two units' images are here: the one computed and the next.
        var floats = 2 * pixels + unit * visible * model.patchLength + 4 * tokens
        var stacks = [image]
        var textFloats = 0
        if let decoder = stage.decoder, stage.kind == .mae {
            stacks.append(
                TransformerMemory.image(
                    sequences: unit, tokens: model.patchCount + 1, width: decoder.width, heads: decoder.heads,
                    mlp: 4 * decoder.width, depth: decoder.depth, operands: operands))
            let hidden = unit * (model.patchCount - visible)
            floats += 3 * unit * (model.patchCount + 1) * decoder.width
            floats += hidden * (3 * model.patchLength + 3 * decoder.width)
        }
        if stage.kind == .lit, let text = plan.model.text {
            stacks = [
                TransformerMemory.text(
                    sequences: unit, tokens: text.context, width: text.width, heads: text.heads, mlp: text.mlp,
                    depth: text.depth, operands: operands)
            ]
            textFloats = 3 * unit * text.context * text.width
            floats += textFloats + 4 * stage.batch * text.embedding
            // Captions and features of every unit stay from the first phase to the second.
            floats += stage.batch * (text.context + model.width)
        }
        floats += unit * stage.labelCount
        self.stacks = stacks
        self.threads = threads
        outside = floats * 4
        textOutside = textFloats * 4
        let words = plan.model.text.map { 2 * unit * $0.context * $0.width } ?? 0
        let gradients = table.blocks.filter(\.isTrainable).map { block in
            // A word table's gradient has rows of the unit's words only; it is made whole where they are half of it.
            block.name == "text.embed" ? min(block.count, words) : block.count
        }
        gradient = 4 * (gradients.max() ?? 0)
    }

    /// Bytes of each further unit of LiT whose text tower is kept from the first phase of a step to the second.
    public func keptUnitByteCount(_ keeps: Keeping) -> Int {
        stacks.reduce(0) { $0 + $1.kept(keeps) } + textOutside
    }

    /// Bytes with what `keeps` says kept between the passes.
    public func byteCount(_ keeps: Keeping) -> Int {
        let kept = stacks.reduce(0) { $0 + $1.kept(keeps) }
        let backward = stacks.map { $0.backward(keeps) }.max() ?? 0
        let lanes = threads * (stacks.map { $0.lane(keeps) }.max() ?? 0)
        return kept + backward + lanes + outside + gradient
    }
}
