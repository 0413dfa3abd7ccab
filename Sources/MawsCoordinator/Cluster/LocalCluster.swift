import Foundation
import MawsBase
import MawsPlan

/// The servers and trainers of a local run: child processes that are started, watched, started again and stopped.
/// They end by themselves when this process is gone.
package final class LocalCluster {
    private static let killSeconds = 5.0
    /// What of a child's log is read for its last line.
    private static let lastLineBytesMax = 4096

    private struct Child {
        var program: String
        var arguments: [String]
        var process: (any ChildProcess)?
        var startedAt = Moment(nanoseconds: 0)
        var restarts = RestartRule()
        var restartAt: Moment?
    }

    private let programs: String
    private let paths: RunPaths
    private let mailbox: Mailbox<NodeEvent>
    private let world: CoordinatorWorld
    private var children: [String: Child] = [:]
    private var isStopping = false

    package init(programs: String, paths: RunPaths, mailbox: Mailbox<NodeEvent>, world: CoordinatorWorld = .real) {
        self.programs = programs
        self.paths = paths
        (self.mailbox, self.world) = (mailbox, world)
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
        let now = world.now()
        let pauseSeconds = child.restarts.ended(afterSeconds: now.seconds(since: child.startedAt))
        child.process = nil
        child.restartAt = pauseSeconds.map { now + $0 }
        children[name] = child
        guard pauseSeconds == nil else { return }
        throw CoordinatorError.childKeepsDying(
            name: name, times: child.restarts.shortLives, lastLine: lastLine(name))
    }

    /// Starts the children whose pause is over.
    package func tick() throws {
        let now = world.now()
        for name in children.keys.sorted() {
            guard let restartAt = children[name]?.restartAt, restartAt <= now, !isStopping else { continue }
            do { try launch(name) } catch { try startFailed(name, error) }
        }
    }

    /// Its program is gone, or is being replaced: said once, and tried again after a pause.
    private func startFailed(_ name: String, _ error: any Error) throws {
        guard var child = children[name] else { return }
        let pauseSeconds = child.restarts.startFailed(isAlone: running.isEmpty)
        child.restartAt = pauseSeconds.map { world.now() + $0 }
        children[name] = child
        guard pauseSeconds != nil else { throw error }
        guard child.restarts.failedStarts == 1 else { return }
        mailbox.post(.note("\(name) cannot be started again and is tried again until it can: \(error)"))
    }

    /// Waits for the children to end by themselves, having been told so; kills those that do not.
    package func stop(graceSeconds: Double) {
        isStopping = true
        wait(seconds: graceSeconds)
        for process in running { process.kill() }
        // Foundation takes a child for running as long as a process that the child left behind, a debugger for
        // instance, has what it inherited: who was killed is not waited for without end.
        wait(seconds: Self.killSeconds)
    }

    private var running: [any ChildProcess] { children.values.compactMap(\.process).filter(\.isRunning) }

    private func wait(seconds: Double) {
        let deadline = world.now() + seconds
        while !running.isEmpty && world.now() < deadline { world.pause(0.02) }
    }

    private func launch(_ name: String) throws {
        guard var child = children[name] else { return }
        let start = ChildStart(
            program: programs + "/" + child.program, arguments: child.arguments, log: paths.log(name))
        child.process = try world.launch(start) { [mailbox] status in
            mailbox.post(.childEnded(name: name, status: status))
        }
        if child.restarts.failedStarts > 0 { mailbox.post(.note("\(name) is started again")) }
        child.startedAt = world.now()
        child.restartAt = nil
        children[name] = child
    }

    private func lastLine(_ name: String) -> String {
        guard let log = try? FileHandle(forReadingFrom: URL(fileURLWithPath: paths.log(name))) else {
            return "(nothing)"
        }
        defer { try? log.close() }
        let size = (try? log.seekToEnd()) ?? 0
        try? log.seek(toOffset: size - min(size, UInt64(Self.lastLineBytesMax)))
        let text = String(decoding: (try? log.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "(nothing)"
    }
}
