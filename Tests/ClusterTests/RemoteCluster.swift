import Foundation
import Testing

/// A run whose servers and trainers are started by themselves, as on other machines: each trainer has its own cache.
final class RemoteCluster {
    let run: ClusterRun
    let coordinator: Program
    private var servers: [Program] = []
    private var trainers: [Program] = []
    /// Servers that were killed.
    private var ended: [Program] = []

    /// - Parameters:
    ///   - cacheSize: of each trainer, as `MAWS_CACHE_SIZE` takes it.
    ///   - reach: where a server dials, from its index and the coordinator's address.
    init(
        _ run: ClusterRun, cacheSize: String, environment: [String: String] = [:],
        reach: (Int, String) throws -> String = { $1 }
    ) throws {
        var run = run
        run.isRemote = true
        run.environment = environment.merging(["MAWS_CACHE": run.folder + "/cache-coordinator"]) { $1 }
        self.run = run
        coordinator = try run.program()
        try coordinator.start()
        let address = try Self.address(run, coordinator)
        let certificates = ["--certificates", run.runFolder + "/certificates"]
        for index in 0..<run.servers {
            let own = ["--shard", "\(index)/\(run.servers)", "--state", run.folder + "/state"]
            servers.append(
                Program("maws-ps", ["--coordinator", try reach(index, address)] + certificates + own))
        }
        let common = ["--coordinator", address] + certificates
        for index in 0..<run.trainers {
            let caches = ["MAWS_CACHE": run.folder + "/cache-\(index)", "MAWS_CACHE_SIZE": cacheSize]
            trainers.append(
                Program(
                    "maws-trainer", common + ["--threads", "1", "--name", "trainer-\(index)"],
                    environment: environment.merging(caches) { $1 }))
        }
        for other in others { try other.start() }
    }

    private var others: [Program] { servers + trainers }

    /// Kills a server, and starts another one in its place on what it left.
    func restart(server index: Int, meanwhile: () throws -> Void) throws {
        let old = servers[index]
        kill(old.pid, SIGKILL)
        old.process.waitUntilExit()
        try meanwhile()
        ended.append(old)
        servers[index] = old.again()
        try servers[index].start()
    }

    func statePath(_ index: Int) -> String { "\(run.folder)/state/shard-\(index)-of-\(run.servers).state" }

    deinit {
        for other in others + [coordinator] where other.process.isRunning { kill(other.pid, SIGKILL) }
    }

    /// Waits for the run's end and gives the hash of every training stage's final weights.
    func finish() throws -> [String: String] {
        let code = try coordinator.wait()
        if code != 0 { throw Program.Failed(description: "the run ended with \(code): \(said)") }
        return try run.hashes()
    }

    /// What all processes said.
    var said: String { ([coordinator] + ended + others).map(\.output).joined(separator: "\n") + run.logs() }

    static func address(_ run: ClusterRun, _ coordinator: Program) throws -> String {
        let deadline = Date().addingTimeInterval(600)
        while Date() < deadline, coordinator.process.isRunning {
            if let text = try? String(contentsOfFile: run.runFolder + "/coordinator.address", encoding: .utf8) {
                return text.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
        throw Program.Failed(description: "no coordinator: \(coordinator.output)")
    }
}
