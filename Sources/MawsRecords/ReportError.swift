/// Why a run's records could not be read.
package enum ReportError: Error, Hashable, CustomStringConvertible {
    case noRun(folder: String)
    case unreadable(path: String, reason: String)

    package var description: String {
        switch self {
        case .noRun(let folder):
            "\(folder) is not a run folder: it has neither plan.yaml, metrics.jsonl nor stages.jsonl."
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason)."
        }
    }
}
