import MawsBase

/// Writes the progress of a run to standard output: one live line a stage in a terminal, plain lines elsewhere.
public final class LiveDisplay {
    /// A display on standard output, live when that is a terminal.
    public init() {}

    public func show(_ snapshot: StatusSnapshot, at now: Moment) { fatalError("filled next") }

    /// Ends the live line, so that what is printed next starts on a line of its own.
    public func finish() { fatalError("filled next") }
}
