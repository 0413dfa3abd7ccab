import MawsBase
import MawsPlan

/// Blocks of a Vision Transformer with timm's parameter names, each behind `prefix`:
/// `embed`, `position`, `block.0` …, `norm`.
package enum ImageTowerTable {
    /// - Parameters:
    ///   - prefix: put before the names of blocks and parameters, `image.` for instance.
    ///   - trainsPosition: whether the position table is updated; MAE keeps it fixed.
    package static func blocks(
        _ model: ImageModelPlan, prefix: String, isTrainable: Bool, trainsPosition: Bool
    ) -> [ParameterBlock] {
        let layers = (0..<model.depth).map { index in
            transformerBlock(
                "\(prefix)block.\(index)", parameters: "\(prefix)blocks.\(index).", width: model.width, mlp: model.mlp,
                isTrainable: isTrainable)
        }
        return [embed(model, prefix, isTrainable), position(model, prefix, isTrainable && trainsPosition)] + layers
            + [norm("\(prefix)norm", parameters: "\(prefix)norm.", width: model.width, isTrainable: isTrainable)]
    }

    private static func embed(_ model: ImageModelPlan, _ prefix: String, _ isTrainable: Bool) -> ParameterBlock {
        var builder = BlockBuilder("\(prefix)embed", isTrainable: isTrainable)
        builder.add(
            "\(prefix)patch_embed.proj.weight", [model.width, model.channels, model.patch, model.patch], decays: true,
            .xavierUniform(fanIn: model.patchLength, fanOut: model.width))
        builder.add("\(prefix)patch_embed.proj.bias", [model.width], decays: false, .zeros)
        builder.add("\(prefix)cls_token", [1, 1, model.width], decays: false, .normal(0.02))
        return builder.build()
    }

    private static func position(_ model: ImageModelPlan, _ prefix: String, _ isTrainable: Bool) -> ParameterBlock {
        var builder = BlockBuilder("\(prefix)position", isTrainable: isTrainable)
        builder.add(
            "\(prefix)pos_embed", [1, model.patchCount + 1, model.width], decays: false,
            .sineCosine(gridSide: model.gridSide))
        return builder.build()
    }

    /// A pre-norm transformer block: norm1, attention, norm2, two-layer mlp.
    package static func transformerBlock(
        _ name: String, parameters: String, width: Int, mlp: Int, isTrainable: Bool
    ) -> ParameterBlock {
        var builder = BlockBuilder(name, isTrainable: isTrainable)
        builder.addNorm("\(parameters)norm1", width: width)
        builder.addLinear("\(parameters)attn.qkv", inputs: width, outputs: 3 * width)
        builder.addLinear("\(parameters)attn.proj", inputs: width, outputs: width)
        builder.addNorm("\(parameters)norm2", width: width)
        builder.addLinear("\(parameters)mlp.fc1", inputs: width, outputs: mlp)
        builder.addLinear("\(parameters)mlp.fc2", inputs: mlp, outputs: width)
        return builder.build()
    }

    private static func norm(_ name: String, parameters: String, width: Int, isTrainable: Bool) -> ParameterBlock {
        var builder = BlockBuilder(name, isTrainable: isTrainable)
        builder.add("\(parameters)weight", [width], decays: false, .ones)
        builder.add("\(parameters)bias", [width], decays: false, .zeros)
        return builder.build()
    }
}

extension BlockBuilder {
    /// A linear layer's `weight` [outputs, inputs] and `bias`, initialised as facebookresearch/mae does.
    package mutating func addLinear(_ name: String, inputs: Int, outputs: Int) {
        add("\(name).weight", [outputs, inputs], decays: true, .xavierUniform(fanIn: inputs, fanOut: outputs))
        add("\(name).bias", [outputs], decays: false, .zeros)
    }

    package mutating func addNorm(_ name: String, width: Int) {
        add("\(name).weight", [width], decays: false, .ones)
        add("\(name).bias", [width], decays: false, .zeros)
    }
}
