import MawsBase
import MawsModel
import MawsPlan

/// The model of each stage, as a table of its parameters.
package enum StageModel {
    /// Every parameter that the stage gathers, in forward order; all frozen where the stage does not train.
    package static func table(_ stage: StagePlan, in plan: Plan) -> BlockTable {
        StageDefinitions.of(stage, in: plan).table
    }

    /// The frozen image tower alone, without head: what features are computed with.
    package static func imageTower(_ model: ImageModelPlan) -> BlockTable {
        BlockTable(blocks: ImageTowerTable.blocks(model, prefix: "", isTrainable: false, trainsPosition: false))
    }

    /// The first parameter that the stage would take over from a source that has it in another shape, which it cannot
    /// be made of; nil where all fit.
    package static func otherShape(_ table: BlockTable, from source: BlockTable) -> (
        wanted: ParameterEntry, found: ParameterEntry
    )? {
        let entries = Dictionary(source.blocks.flatMap(\.entries).map { ($0.name, $0) }) { first, _ in first }
        for wanted in table.blocks.flatMap(\.entries) {
            let found = sourceNames(wanted.name).lazy.compactMap { entries[$0] }.first
            if let found, found.shape != wanted.shape, !PositionTable.canBecome(wanted, from: found) {
                return (wanted, found)
            }
        }
        return nil
    }

    /// Names to look for, in order, in the checkpoint of the stage that this one starts from. An image tower inside a
    /// larger model carries the prefix `image.`; by itself it has none.
    package static func sourceNames(_ parameter: String) -> [String] {
        let prefix = "image."
        if parameter.hasPrefix(prefix) { return [parameter, String(parameter.dropFirst(prefix.count))] }
        return [parameter, prefix + parameter]
    }
}

extension BlockTable {
    /// Where a block that the stage's model always has stands.
    func requiredIndex(_ name: String) -> Int {
        guard let index = index(of: name) else { preconditionFailure("the table has no block \(name)") }
        return index
    }
}
