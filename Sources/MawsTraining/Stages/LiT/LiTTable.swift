import Foundation
import MawsBase
import MawsModel
import MawsPlan

/// Blocks of locked-image tuning: the frozen image tower with every name behind `image.`, `image.projection`, the text
/// tower, `text.projection`, `logit_scale`.
enum LiTTable {
    /// - Parameter isTrainable: false for zero-shot evaluation; the image tower is frozen either way.
    static func blocks(_ image: ImageModelPlan, _ text: TextModelPlan, isTrainable: Bool) -> [ParameterBlock] {
        ImageTowerTable.blocks(image, prefix: "image.", isTrainable: false, trainsPosition: false)
            + [projection("image", inputs: image.width, outputs: text.embedding, isTrainable)]
            + TextTowerTable.blocks(text, isTrainable: isTrainable)
            + [projection("text", inputs: text.width, outputs: text.embedding, isTrainable), scale(isTrainable)]
    }

    /// A linear layer without bias, initialised as CLIP's projections: normal with deviation inputs^-1/2.
    private static func projection(_ tower: String, inputs: Int, outputs: Int, _ isTrainable: Bool) -> ParameterBlock {
        var builder = BlockBuilder("\(tower).projection", isTrainable: isTrainable)
        builder.add(
            "\(tower)_projection.weight", [outputs, inputs], decays: true, .normal(1 / Float(inputs).squareRoot()))
        return builder.build()
    }

    /// The logarithm of the factor on the cosines; starts at a temperature of 0.07 as in CLIP.
    private static func scale(_ isTrainable: Bool) -> ParameterBlock {
        var builder = BlockBuilder("logit_scale", isTrainable: isTrainable)
        builder.add("logit_scale", [1], decays: false, .constant(Float(log(1 / 0.07))))
        return builder.build()
    }
}
