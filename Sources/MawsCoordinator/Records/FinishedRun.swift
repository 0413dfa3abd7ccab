import MawsPlan
import MawsRecords
import MawsReport

extension CoordinatorNode {
    /// Writes the report of the run. Returns what a person is told at the end: the result table and the report's path.
    package func report() throws -> String {
        let table = ResultTable.draw(try RunFolder(plan.run).stages())
        let report = try HTMLReport.write(runFolder: plan.run, root: options.root)
        return "\n\(table)\n\n\(report.description)"
    }
}
