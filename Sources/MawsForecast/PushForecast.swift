import MawsPlan
import MawsProtocol
import MawsTraining

/// What trainers push in a step, if they are equally fast: gradients of units that are leased together leave as sums as
/// far as there is memory for those.
struct PushForecast {
    /// Units in each gradient that is pushed; none where a stage has no gradients.
    let units: [Int]
    /// Bytes of each trainer's sums that wait for the units to their right.
    let sumBytes: Int

    init(_ stage: StagePlan, _ choice: MemoryChoice, trainers: Int, unitSeconds: Double) {
        guard stage.trains else {
            (units, sumBytes) = ([], 0)
            return
        }
        let leases = LeaseSize.leases(units: stage.unitsPerStep, trainers: trainers, unitSeconds: unitSeconds)
        units = leases.flatMap { lease in
            let together = min(lease, 1 << choice.sumLevels)
            return [Int](repeating: together, count: lease / together)
        }
        sumBytes = (units.max() ?? 1).trailingZeroBitCount * choice.gradientBytes
    }
}
