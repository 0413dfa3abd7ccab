import Foundation
import Glibc

/// The processes of a run on this machine, each reached by the others through proxies alone, and started again whenever
/// it ends, as a machine's service manager does.
final class LiveCluster {
    let coordinator: LiveProcess
    let others: [LiveProcess]
    let links: [LinkName: LinkProxy]
    let runFolder: String
    let stateFolder: String
    let servers: Int
    /// A process that ends by itself rests so long.
    private static let restSeconds = 0.5

    /// - Parameters:
    ///   - folder: where the run, its servers' state and what the processes say are kept.
    ///   - programs: folder of `maws-coord` and the others, and of the shim.
    init(_ plan: LivePlan, folder: String, programs: String, dataRoot: String) throws {
        var assembly = try ClusterAssembly(folder: folder, programs: programs, dataRoot: dataRoot)
        let planPath = folder + "/plan.yaml"
        try plan.write(to: planPath, runFolder: assembly.runFolder, listen: assembly.coordinatorAddress)
        coordinator = try assembly.coordinator(planPath: planPath)
        let held = try (0..<plan.servers).map { try assembly.server($0, of: plan.servers) }
        others = try held + (0..<plan.trainers).map { try assembly.trainer($0, threads: plan.threads) }
        links = assembly.links
        (runFolder, stateFolder, servers) = (assembly.runFolder, assembly.stateFolder, plan.servers)
    }

    var all: [LiveProcess] { [coordinator] + others }

    func process(_ name: ProcessName) -> LiveProcess { all.first { $0.name == name }! }

    func statePath(_ server: Int) -> String { "\(stateFolder)/shard-\(server)-of-\(servers).state" }

    /// Links of a target: itself, or all that its process has.
    func links(of target: FaultTarget) -> [LinkProxy] {
        switch target {
        case .link(let name): links[name].map { [$0] } ?? []
        case .process(.coordinator): links.compactMap { if case .toCoordinator = $0.key { $0.value } else { nil } }
        case .process(.server(let index)):
            [links[.toServer(index)], links[.toCoordinator(.server(index))]].compactMap { $0 }
        case .process(let process): links[.toCoordinator(process)].map { [$0] } ?? []
        }
    }

    /// Bytes that passed towards servers, gradients nearly all of them.
    var bytesToServers: Int { (0..<servers).reduce(0) { $0 + (links[.toServer($1)]?.bytesForward ?? 0) } }

    /// Starts what is to be started; true when the coordinator ended because the run is finished.
    func supervise(_ now: Double) throws -> Bool {
        for process in all where !process.isRunning {
            if let end = process.end {
                let isFinished = end == 0 && process.restartAt <= 0
                if isFinished, process === coordinator { return true }
                if isFinished { continue }
                if process.restartAt <= 0 {
                    process.noteEnd()
                    process.restartAt = now + Self.restSeconds
                }
            }
            guard process.restartAt <= now else { continue }
            process.restartAt = 0
            try process.start()
        }
        return false
    }

    /// Ends everything that the rig made.
    func end() {
        for process in all { process.end(by: SIGKILL) }
        for proxy in links.values { proxy.close() }
        while all.contains(where: \.isRunning) { usleep(2000) }
    }
}
