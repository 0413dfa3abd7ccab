/// Model-FLOPs utilisation (MFU): the floating-point operations that the model's matrix products need for the images
/// computed (`StageCost`; nothing that is computed twice counts twice, nor does a frozen tower for a view that was
/// shown before), over those that the trainers present could have done meanwhile at the rate of one large product, as
/// each measured it in the run's precision when it joined.
package enum MFU {
    /// Nil where no trainer said its rate, or only such rates as no machine has.
    package static func share(operations: Double, of capacity: Double) -> Double? {
        let share = operations / capacity
        return capacity > 0 && share.isFinite ? share : nil
    }
}
