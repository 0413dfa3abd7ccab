import MawsBase
import MawsWire

/// A sample that the run passes over in one unit of one step, as if its content were unreadable, because no trainer got
/// it: part of what the weights are a function of, with the plan and the data.
public struct PassedSample: Hashable, Sendable {
    public var position: RunPosition
    public var unit: UnitIndex
    /// As the trainer named it whose word decided.
    public var lost: LostSample

    public init(position: RunPosition, unit: UnitIndex, lost: LostSample) {
        self.position = position
        self.unit = unit
        self.lost = lost
    }
}
