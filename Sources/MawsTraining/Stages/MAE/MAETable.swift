import MawsBase
import MawsModel
import MawsPlan

/// Blocks of a masked autoencoder: the image tower with fixed positions, then `decoder.embed`, `decoder.position`
/// (fixed), `decoder.block.0` …, `decoder.predict`. Names as in facebookresearch/mae.
enum MAETable {
    static func blocks(_ model: ImageModelPlan, _ decoder: DecoderPlan) -> [ParameterBlock] {
        let layers = (0..<decoder.depth).map { index in
            ImageTowerTable.transformerBlock(
                "decoder.block.\(index)", parameters: "decoder_blocks.\(index).", width: decoder.width,
                mlp: 4 * decoder.width, isTrainable: true)
        }
        return ImageTowerTable.blocks(model, prefix: "", isTrainable: true, trainsPosition: false)
            + [embed(model, decoder), position(model, decoder)] + layers + [predict(model, decoder)]
    }

    private static func embed(_ model: ImageModelPlan, _ decoder: DecoderPlan) -> ParameterBlock {
        var builder = BlockBuilder("decoder.embed")
        builder.addLinear("decoder_embed", inputs: model.width, outputs: decoder.width)
        builder.add("mask_token", [1, 1, decoder.width], decays: false, .normal(0.02))
        return builder.build()
    }

    private static func position(_ model: ImageModelPlan, _ decoder: DecoderPlan) -> ParameterBlock {
        var builder = BlockBuilder("decoder.position", isTrainable: false)
        builder.add(
            "decoder_pos_embed", [1, model.patchCount + 1, decoder.width], decays: false,
            .sineCosine(gridSide: model.gridSide))
        return builder.build()
    }

    private static func predict(_ model: ImageModelPlan, _ decoder: DecoderPlan) -> ParameterBlock {
        var builder = BlockBuilder("decoder.predict")
        builder.addNorm("decoder_norm", width: decoder.width)
        builder.addLinear("decoder_pred", inputs: decoder.width, outputs: model.patchLength)
        return builder.build()
    }
}
