import ArgumentParser
import Foundation
import MawsBase
import MawsKernels
import MawsProcess
import MawsTrainer

@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws-trainer",
        abstract: "Computes units of a run's batches: joins a coordinator, and leaves when the run is finished.",
        discussion: "It may be started and stopped at any time; no committed step depends on it.",
        version: ProgramVersion.onDemand("maws-trainer"))

    static func main() { runProgram() }

    @Option(help: "Address of the coordinator, host:port.", transform: NetworkAddress.init(toDial:))
    var coordinator: NetworkAddress

    @Option(help: "Folder with ca.pem, trainer.pem and trainer.key.")
    var certificates: String

    @Option(help: "Matrix products: onednn or reference (OpenBLAS, fp32). A run's trainers use the same.")
    var compute = ComputeBackend.fastestKind

    @Option(parsing: .unconditional, help: "Compute threads; results do not depend on their number.")
    var threads: Int = ProcessInfo.processInfo.activeProcessorCount

    @Option(
        help: """
            Memory that the process may take, 8G for instance. Where a stage does not fit, blocks are computed again \
            to go backward, or weights are gathered block by block. No bit depends on it.
            """, transform: ByteSize.argument)
    var memory: ByteSize?

    @Option(
        help: """
            Folder for features of images that a lit stage with `fixed_views` computes once; trainers may share it. \
            Without it they are kept in a temporary file, until the process ends.
            """)
    var cache: String?

    @Option(help: "Size of the cache of one stage, 100G for instance.", transform: ByteSize.argument)
    var cacheSize = ByteSize(bytes: 4 << 30)

    @Option(help: "Name for logs and status, unique in the run (default: trainer-<host>-<process id>).")
    var name: String?

    @Option(help: "Folder that the plan's relative data paths are looked up in.")
    var dataRoot: String = "."

    @Option(parsing: .unconditional, help: "Seconds to look for a coordinator that is away.")
    var reconnectSeconds: Double = 300

    @Flag(help: "End when the coordinator ends, as the children of a local cluster do.")
    var exitWithCoordinator = false

    func validate() throws {
        guard threads > 0 else { throw ValidationError("--threads \(threads): expected at least 1") }
    }

    func run() throws {
        let process = ProcessInfo.processInfo
        let name = name ?? "trainer-\(process.hostName)-\(process.processIdentifier)"
        var options = TrainerOptions(
            coordinator: coordinator, certificates: certificates, compute: compute,
            threads: threads, memoryBytes: memory?.bytes,
            name: name, dataRoot: dataRoot, exitsWithCoordinator: exitWithCoordinator,
            reconnectSeconds: reconnectSeconds)
        options.cache = CacheOptions(folder: cache, byteCountMax: cacheSize.bytes)
        NodeProcess.run("maws-trainer", name: name, endsWithCoordinator: exitWithCoordinator) { log in
            try TrainerNode(options, log: log).run()
        }
    }
}

extension ComputeKind: ExpressibleByArgument {}

extension ByteSize {
    static func argument(_ text: String) throws -> ByteSize {
        guard let size = ByteSize(text: text) else { throw ValidationError("expected \(expected)") }
        return size
    }
}
