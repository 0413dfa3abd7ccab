/// Why a run's records could not be read or its report not be written.
public enum ReportError: Error, Hashable, CustomStringConvertible {
    case noRun(folder: String)
    case unreadable(path: String, reason: String)
    case badRecord(path: String, line: Int, reason: String)

    public var description: String {
        switch self {
        case .noRun(let folder):
            "\(folder) is not a run folder: it has no plan.yaml, metrics.jsonl or stages.jsonl."
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason)."
        case .badRecord(let path, let line, let reason):
            "\(path), line \(line), is not a record of this version of maws (\(reason)); move the file away and try again."
        }
    }
}
