/// `report.html`: the whole run in one file that needs no network.
public enum HTMLReport {
    /// Reads the run's records and writes `report.html` next to them.
    /// - Parameter root: the folder that the paths of the plan's data are relative to.
    /// - Returns: the path of the report.
    @discardableResult
    public static func write(runFolder: String, root: String = ".") throws -> String { fatalError("filled next") }
}
