import MawsBase
import MawsModel
import MawsPlan

/// Blocks of weakly supervised pretraining: the image tower, then `head` = Linear, Tanh, Linear, or Linear alone.
enum WSPTable {
    static func blocks(_ model: ImageModelPlan, head kind: HeadKind, labelCount: Int) -> [ParameterBlock] {
        ImageTowerTable.blocks(model, prefix: "", isTrainable: true, trainsPosition: true)
            + [head(kind, model, labelCount)]
    }

    /// Initialised as the heads of Singh et al. (SWAG) and timm: LeCun normal, and zeros for the last weight.
    private static func head(_ kind: HeadKind, _ model: ImageModelPlan, _ labelCount: Int) -> ParameterBlock {
        let std = (1 / Float(model.width)).squareRoot()
        var builder = BlockBuilder("head")
        guard kind == .mlp else {
            builder.add("head.weight", [labelCount, model.width], decays: true, .zeros)
            builder.add("head.bias", [labelCount], decays: false, .zeros)
            return builder.build()
        }
        builder.add("head.0.weight", [model.width, model.width], decays: true, .truncatedNormal(std))
        builder.add("head.0.bias", [model.width], decays: false, .zeros)
        builder.add("head.2.weight", [labelCount, model.width], decays: true, .zeros)
        builder.add("head.2.bias", [labelCount], decays: false, .zeros)
        return builder.build()
    }
}
