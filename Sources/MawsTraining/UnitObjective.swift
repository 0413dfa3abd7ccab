import MawsData
import MawsModel

/// What a training stage minimises, computed one unit at a time.
package protocol UnitObjective: AnyObject {
    /// Pushes every trainable block's gradient of (sum over the unit's samples of the loss of a sample) / globalBatch,
    /// last block first, and returns that loss share. A pure function of the batch and the weights.
    func computeUnit(
        _ batch: UnitBatch, globalBatch: Int, weights: any WeightSource, gradients: any GradientSink
    ) throws -> Double
}
