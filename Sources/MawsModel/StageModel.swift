import MawsBase
import MawsPlan

/// The model of each kind of stage, as a table of its parameters.
public enum StageModel {
    /// Every parameter that the stage gathers, in forward order; all frozen where the stage does not train.
    public static func table(_ stage: StagePlan, in plan: Plan) -> BlockTable {
        let model = plan.model.image
        switch stage.kind {
        case .mae:
            guard let decoder = stage.decoder else { preconditionFailure("stage \(stage.name) has no decoder") }
            return BlockTable(blocks: MAETable.blocks(model, decoder), slots: slots(stage))
        case .wsp:
            return BlockTable(
                blocks: WSPTable.blocks(model, head: stage.head, labelCount: stage.labelCount), slots: slots(stage))
        case .linear:
            return imageTower(model)
        case .lit, .zeroshot:
            guard let text = plan.model.text else { preconditionFailure("stage \(stage.name) has no text model") }
            return BlockTable(
                blocks: LiTTable.blocks(model, text, isTrainable: stage.kind == .lit), slots: slots(stage))
        }
    }

    private static func slots(_ stage: StagePlan) -> [WeightSlot] { stage.recipe?.optimizer.slots ?? [] }

    /// The frozen image tower alone, without head: what features are computed with.
    public static func imageTower(_ model: ImageModelPlan) -> BlockTable {
        BlockTable(blocks: ImageTowerTable.blocks(model, prefix: "", isTrainable: false, trainsPosition: false))
    }

    /// The first parameter that the stage would take over from a source that has it in another shape; nil where all
    /// fit.
    public static func otherShape(_ table: BlockTable, from source: BlockTable) -> (
        wanted: ParameterEntry, found: ParameterEntry
    )? {
        let entries = Dictionary(source.blocks.flatMap(\.entries).map { ($0.name, $0) }) { first, _ in first }
        for wanted in table.blocks.flatMap(\.entries) {
            let found = sourceNames(wanted.name).lazy.compactMap { entries[$0] }.first
            if let found, found.shape != wanted.shape { return (wanted, found) }
        }
        return nil
    }

    /// Names to look for, in order, in the checkpoint of the stage that this one starts from. An image tower inside a
    /// larger model carries the prefix `image.`; by itself it has none.
    public static func sourceNames(_ parameter: String) -> [String] {
        let prefix = "image."
        if parameter.hasPrefix(prefix) { return [parameter, String(parameter.dropFirst(prefix.count))] }
        return [parameter, prefix + parameter]
    }
}
