/// Where things lie in a run folder.
struct RunPaths: Sendable {
    let folder: String

    var lock: String { folder + "/coordinator.lock" }
    var plan: String { folder + "/plan.yaml" }
    var database: String { folder + "/coordinator.sqlite" }
    var address: String { folder + "/coordinator.address" }
    var certificates: String { folder + "/certificates" }
    var metrics: String { folder + "/metrics.jsonl" }
    var stages: String { folder + "/stages.jsonl" }
    var starts: String { folder + "/starts.jsonl" }
    var machines: String { folder + "/machines.jsonl" }
    var skipped: String { folder + "/skipped.jsonl" }
    /// What was foreseen of the samples.
    var samples: String { folder + "/samples.json" }
    var checkpoints: String { folder + "/checkpoints" }
    var state: String { folder + "/state" }
    /// What may be lost: features of frozen towers.
    var cache: String { folder + "/cache" }
    var logs: String { folder + "/logs" }
    var results: String { folder + "/results" }

    func log(_ process: String) -> String { "\(logs)/\(process).log" }

    /// What tells a run's folder from another: one of these is there from the start.
    var own: [String] { [lock, database, plan, certificates, checkpoints, logs, state, metrics] }

    /// What a run's plan may let others read; not its keys.
    var readable: [String] {
        [
            lock, plan, database, database + "-wal", database + "-shm", address, metrics, stages, starts, machines,
            skipped,
            samples,
            checkpoints, logs, results, folder + "/report.html", folder + "/report-partial.html",
            folder + "/shown",
        ]
    }

    /// What is its owner's alone, whatever the plan says.
    var unreadable: [String] { [state, cache, certificates] }

    /// Folders a run needs from its start.
    var all: [String] { [folder, checkpoints, state, logs, results] }
}
