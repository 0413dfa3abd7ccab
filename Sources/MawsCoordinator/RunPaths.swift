/// Where things lie in a run folder.
package struct RunPaths: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    package var lock: String { folder + "/coordinator.lock" }
    package var plan: String { folder + "/plan.yaml" }
    package var database: String { folder + "/coordinator.sqlite" }
    package var address: String { folder + "/coordinator.address" }
    package var certificates: String { folder + "/certificates" }
    package var metrics: String { folder + "/metrics.jsonl" }
    package var stages: String { folder + "/stages.jsonl" }
    package var starts: String { folder + "/starts.jsonl" }
    package var machines: String { folder + "/machines.jsonl" }
    package var skipped: String { folder + "/skipped.jsonl" }
    /// What was foreseen of the samples.
    package var samples: String { folder + "/samples.json" }
    package var checkpoints: String { folder + "/checkpoints" }
    package var state: String { folder + "/state" }
    /// What may be lost: features of frozen towers.
    package var cache: String { folder + "/cache" }
    package var logs: String { folder + "/logs" }
    package var results: String { folder + "/results" }

    package func log(_ process: String) -> String { "\(logs)/\(process).log" }

    /// What a run's plan may let others read; not its keys.
    package var readable: [String] {
        [
            lock, plan, database, database + "-wal", database + "-shm", address, metrics, stages, starts, machines,
            skipped,
            samples,
            checkpoints, logs, results, folder + "/report.html", folder + "/report-partial.html",
            folder + "/shown",
        ]
    }

    /// What is its owner's alone, whatever the plan says.
    package var unreadable: [String] { [state, cache, certificates] }

    /// Folders a run needs from its start.
    package var all: [String] { [folder, checkpoints, state, logs, results] }
}
