import MawsBase
import MawsPlan

/// Blocks of weakly supervised pretraining: the image tower, then `head` = Linear, Tanh, Linear.
enum WSPTable {
    static func blocks(_ model: ImageModelPlan, labelCount: Int) -> [ParameterBlock] {
        ImageTowerTable.blocks(model, prefix: "", isTrainable: true, trainsPosition: true)
            + [head(model, labelCount)]
    }

    /// Initialised as the two-layer head of Singh et al. (SWAG): LeCun normal, and zeros for the last weight.
    private static func head(_ model: ImageModelPlan, _ labelCount: Int) -> ParameterBlock {
        let deviation = (1 / Float(model.width)).squareRoot()
        var builder = BlockBuilder("head")
        builder.add("head.0.weight", [model.width, model.width], decays: true, .truncatedNormal(deviation))
        builder.add("head.0.bias", [model.width], decays: false, .zeros)
        builder.add("head.2.weight", [labelCount, model.width], decays: true, .zeros)
        builder.add("head.2.bias", [labelCount], decays: false, .zeros)
        return builder.build()
    }
}
