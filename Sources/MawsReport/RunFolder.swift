import MawsTraining

/// The records a run leaves in its folder.
public struct RunFolder: Sendable {
    public let path: String

    public init(_ path: String) { self.path = path }

    /// `metrics.jsonl`, by stage in order of first appearance, ascending by step; after a resume the last record of a
    /// step counts. A torn last line is left out.
    public func metrics() throws(ReportError) -> [StepMetrics] { fatalError("filled next") }

    /// `stages.jsonl`; the last record of a stage counts.
    public func stages() throws(ReportError) -> [StageSummary] { fatalError("filled next") }

    /// `results/*.json`, in the order of the stages that made them.
    public func evaluations() throws(ReportError) -> [EvaluationResult] { fatalError("filled next") }
}
