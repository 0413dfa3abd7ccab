/// The state of a run as a person reads it: progress, every peer and what it is doing, who everybody waits for.
public enum StatusTable {
    public static func draw(_ snapshot: StatusSnapshot) -> String { fatalError("filled next") }
}
