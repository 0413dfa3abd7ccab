import Foundation
import Glibc
import MawsBase
import MawsFiles
import MawsPlan

/// The servers and trainers of a local run: child processes that are started, watched, started again and stopped.
/// They end by themselves when this process is gone.
package final class LocalCluster {
    /// A child that dies within this time of its start was not able to work.
    private static let shortLifeSeconds = 5.0
    private static let shortLivesMax = 5
    private static let killSeconds = 5.0

    private struct Child {
        var program: String
        var arguments: [String]
        var process: Process?
        var startedAt = ContinuousClock.now
        var shortLives = 0
        var restartAt: ContinuousClock.Instant?
    }

    private let programs: String
    private let paths: RunPaths
    private let mailbox: Mailbox<NodeEvent>
    private var children: [String: Child] = [:]
    private var isStopping = false

    package init(programs: String, paths: RunPaths, mailbox: Mailbox<NodeEvent>) {
        self.programs = programs
        self.paths = paths
        self.mailbox = mailbox
    }

    /// Starts every process of the plan's cluster.
    package func start(_ cluster: ClusterPlan, coordinator: String, certificates: String, root: String) throws {
        let common = ["--coordinator", coordinator, "--certificates", certificates, "--exit-with-coordinator"]
        for index in 0..<cluster.servers {
            let own = ["--shard", "\(index)/\(cluster.servers)", "--state", paths.state, "--name", "server-\(index)"]
            let memory = cluster.serverMemoryBytes.map { ["--memory", "\($0)"] } ?? []
            children["server-\(index)"] = Child(program: "maws-ps", arguments: common + own + memory)
        }
        for index in 0..<cluster.trainers {
            let compute = cluster.compute.map { ["--compute", $0.rawValue] } ?? []
            let memory = cluster.memoryBytes.map { ["--memory", "\($0)"] } ?? []
            let own = [
                "--threads", "\(cluster.threads)", "--name", "trainer-\(index)", "--data-root", root, "--cache",
                paths.cache,
            ]
            children["trainer-\(index)"] = Child(program: "maws-trainer", arguments: common + own + compute + memory)
        }
        for name in children.keys.sorted() { try launch(name) }
    }

    /// A child ended: start it again after a pause, or give up when it never gets to work.
    package func ended(_ name: String) throws {
        guard !isStopping, var child = children[name] else { return }
        let wasShort = child.startedAt.duration(to: .now) < .seconds(Self.shortLifeSeconds)
        child.shortLives = wasShort ? child.shortLives + 1 : 0
        child.process = nil
        child.restartAt = .now + .milliseconds(wasShort ? 300 * child.shortLives : 0)
        children[name] = child
        if child.shortLives >= Self.shortLivesMax {
            throw CoordinatorError.childKeepsDying(name: name, times: child.shortLives, lastLine: lastLine(name))
        }
    }

    /// Starts the children whose pause is over.
    package func tick() throws {
        for name in children.keys.sorted() {
            guard let restartAt = children[name]?.restartAt, restartAt <= .now, !isStopping else { continue }
            try launch(name)
        }
    }

    /// Waits for the children to end by themselves, having been told so; kills those that do not.
    package func stop(graceSeconds: Double) {
        isStopping = true
        wait(seconds: graceSeconds)
        for process in running { kill(process.processIdentifier, SIGKILL) }
        // Foundation takes a child for running as long as a process that the child left behind, a debugger for
        // instance, has what it inherited: who was killed is not waited for without end.
        wait(seconds: Self.killSeconds)
    }

    private var running: [Process] { children.values.compactMap(\.process).filter(\.isRunning) }

    private func wait(seconds: Double) {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !running.isEmpty && ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.02) }
    }

    private func launch(_ name: String) throws {
        guard var child = children[name] else { return }
        let path = programs + "/" + child.program
        guard FileManager.default.isExecutableFile(atPath: path) else { throw CoordinatorError.missingProgram(path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = child.arguments
        process.standardInput = FileHandle.nullDevice
        let log = try openLog(name)
        process.standardOutput = log
        process.standardError = log
        process.terminationHandler = { [mailbox] process in
            let how = process.terminationReason == .exit ? "exit code" : "signal"
            mailbox.post(.childEnded(name: name, status: "\(how) \(process.terminationStatus)"))
        }
        try process.run()
        child.process = process
        child.startedAt = .now
        child.restartAt = nil
        children[name] = child
    }

    private func openLog(_ name: String) throws -> FileHandle {
        let descriptor = Glibc.open(paths.log(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StorageError.last("open", paths.log(name)) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private func lastLine(_ name: String) -> String {
        let text = (try? String(contentsOfFile: paths.log(name), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").last.map(String.init) ?? "(nothing)"
    }
}
