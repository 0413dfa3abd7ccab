import MawsBase
import MawsKernels
import MawsModel

/// What a worker is made of besides its stage.
package struct StageTools {
    package var backend: ComputeBackend
    package var memory: MemoryChoice
    /// Units of a step or of an evaluation, and samples of the split that the stage is `on`.
    package var unitCount: Int
    package var sampleCount: Int
    /// Names of the plan's classes.
    package var classNames: [String]
    /// Folder that the plan's paths are relative to.
    package var root: String
    /// Features of fixed views; nil where views are not fixed.
    package var features: (any FeatureStore)?

    package init(
        backend: ComputeBackend, memory: MemoryChoice, unitCount: Int, sampleCount: Int, classNames: [String],
        root: String, features: (any FeatureStore)? = nil
    ) {
        (self.backend, self.memory) = (backend, memory)
        (self.unitCount, self.sampleCount) = (unitCount, sampleCount)
        (self.classNames, self.root, self.features) = (classNames, root, features)
    }
}

/// Keeps the frozen tower's features of fixed views, from epoch to epoch.
package protocol FeatureStore: Sendable {
    /// Makes ready for features of these weights; the frozen blocks of the table say which.
    func open(_ table: BlockTable, _ weights: any WeightSource) throws
    func put(_ views: [UInt64], _ features: [[Float]])
}
