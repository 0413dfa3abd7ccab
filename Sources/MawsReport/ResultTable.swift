/// The finished stages of a run as an aligned table in plain text.
public enum ResultTable {
    public static func draw(_ stages: [StageSummary]) -> String { fatalError("filled next") }
}
