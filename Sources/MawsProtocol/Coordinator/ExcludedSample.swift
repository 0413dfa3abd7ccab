import MawsBase
import MawsWire

/// A sample that the run excludes in one unit of one step, as if its content were unreadable, because no trainer got
/// it: part of what the weights are a function of, with the plan and the data.
package struct ExcludedSample: Hashable, Sendable {
    package var position: RunPosition
    package var unit: UnitIndex
    /// As the trainer named it whose word decided.
    package var lost: LostSample

    package init(position: RunPosition, unit: UnitIndex, lost: LostSample) {
        self.position = position
        self.unit = unit
        self.lost = lost
    }
}
