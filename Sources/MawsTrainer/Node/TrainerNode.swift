import Logging

/// One trainer process: joins a coordinator, computes leased units and ends when the run does.
public final class TrainerNode {
    public init(_ options: TrainerOptions, log: Logger) throws {}

    /// Returns when the run is finished; throws the sentence of every other end.
    public func run() throws { fatalError("filled in by the next commit") }
}
