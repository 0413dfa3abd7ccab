/// One stage's progress as one line.
public enum LiveLine {
    /// The line for a terminal, never longer than `width` columns.
    public static func terminal(_ snapshot: StatusSnapshot, width: Int) -> String { fatalError("filled next") }

    /// The line for a log: the whole of it, whatever its length.
    public static func log(_ snapshot: StatusSnapshot) -> String { fatalError("filled next") }
}
