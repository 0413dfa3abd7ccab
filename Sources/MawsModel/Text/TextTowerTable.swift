import MawsBase
import MawsPlan

/// Blocks of the text tower with the parameter names of transformers' XLMRobertaModel behind `text.`:
/// `text.embed`, `text.block.0` …
package enum TextTowerTable {
    /// Standard deviation of all initial matrices (`initializer_range` of XLM-R).
    private static let std: Float = 0.02

    package static func blocks(_ model: TextModelPlan, isTrainable: Bool) -> [ParameterBlock] {
        [embed(model, isTrainable)] + (0..<model.depth).map { layer(model, $0, isTrainable) }
    }

    private static func embed(_ model: TextModelPlan, _ isTrainable: Bool) -> ParameterBlock {
        var builder = BlockBuilder("text.embed", isTrainable: isTrainable)
        builder.add(
            "text.embeddings.word_embeddings.weight", [model.vocabulary, model.width], decays: true,
            .normal(std))
        builder.add(
            "text.embeddings.position_embeddings.weight", [model.context + TextBatch.firstPosition, model.width],
            decays: false, .normal(std))
        builder.add(
            "text.embeddings.token_type_embeddings.weight", [1, model.width], decays: false, .normal(std))
        builder.addNorm("text.embeddings.LayerNorm", width: model.width)
        return builder.build()
    }

    /// The weights of query, key and value lie back to back, and so do their biases: one matrix product makes all
    /// three.
    private static func layer(_ model: TextModelPlan, _ index: Int, _ isTrainable: Bool) -> ParameterBlock {
        let prefix = "text.encoder.layer.\(index)."
        let width = model.width
        var builder = BlockBuilder("text.block.\(index)", isTrainable: isTrainable)
        for part in ["query", "key", "value"] {
            builder.add("\(prefix)attention.self.\(part).weight", [width, width], decays: true, .normal(std))
        }
        for part in ["query", "key", "value"] {
            builder.add("\(prefix)attention.self.\(part).bias", [width], decays: false, .zeros)
        }
        builder.addTextLinear("\(prefix)attention.output.dense", inputs: width, outputs: width, std)
        builder.addNorm("\(prefix)attention.output.LayerNorm", width: width)
        builder.addTextLinear("\(prefix)intermediate.dense", inputs: width, outputs: model.mlp, std)
        builder.addTextLinear("\(prefix)output.dense", inputs: model.mlp, outputs: width, std)
        builder.addNorm("\(prefix)output.LayerNorm", width: width)
        return builder.build()
    }
}

extension BlockBuilder {
    fileprivate mutating func addTextLinear(_ name: String, inputs: Int, outputs: Int, _ std: Float) {
        add("\(name).weight", [outputs, inputs], decays: true, .normal(std))
        add("\(name).bias", [outputs], decays: false, .zeros)
    }
}
