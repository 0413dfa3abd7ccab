import MawsPlan
import MawsProtocol
import MawsTraining
import MawsWire

extension StageCatalog.Stage {
    /// What units of the stage's first phase share, so that servers take nothing else. Units that train are whole;
    /// those of an evaluation lack samples that could not be read.
    package var sharedRows: SharedRowsShape {
        let floats = definition.phases.first?.postedFloatsPerSample ?? 0
        guard floats > 0 else { return .none }
        return SharedRowsShape(
            units: UInt32(shape.unitsInPhase[0]), pieceBytes: UInt32(4 * floats),
            piecesMin: shape.commits ? UInt32(plan.unit) : 0, piecesMax: UInt32(plan.unit))
    }
}
