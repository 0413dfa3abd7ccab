import ArgumentParser
import Foundation
import MawsBase
import MawsProcess
import MawsServer

/// A parameter server: owns one shard of every weight, its optimizer state and its update.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maws-ps",
        abstract: "Holds one shard of the weights: serves them, adds up gradients, applies the optimizer.",
        version: ProgramVersion.onDemand("maws-ps"))

    static func main() { runProgram() }

    @Option(help: "Which shard, counted from 0: the first of 16 is 0/16, the last 15/16.")
    var shard: ShardArgument

    @Option(help: "Where the coordinator listens, host:port.", transform: NetworkAddress.init(toDial:))
    var coordinator: NetworkAddress

    @Option(help: "Folder with ca.pem, server.pem and server.key, as `maws-coord certs` makes them.")
    var certificates: String

    @Option(help: "Folder for the shard's state file; on a fast local disk.")
    var state: String

    @Option(
        help: "Address to listen on for trainers; port 0 lets the system choose.",
        transform: NetworkAddress.init(toListen:))
    var listen = NetworkAddress(host: "127.0.0.1", port: 0)

    @Option(
        help: "Host name or address that trainers are told, where it differs from --listen.",
        transform: NetworkAddress.advertisedHost)
    var advertise: String?

    @Option(
        help: """
            Memory that the process may have resident, its mapped state included: 2G for instance. The shard may be \
            larger.
            """, transform: ByteSize.argument)
    var memory: ByteSize?

    @Option(help: "Name in logs and in the coordinator's status (default: server-<shard>).")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: "Threads that add gradients up and apply the optimizer; any number gives the same bits.")
    var threads = min(4, ProcessInfo.processInfo.activeProcessorCount)

    @Flag(help: "End with the coordinator and with the parent process; for local runs.")
    var exitWithCoordinator = false

    func validate() throws {
        guard threads > 0 else { throw ValidationError("--threads \(threads): expected at least 1") }
    }

    func run() throws {
        var options = ServerOptions(
            shard: shard.identity, coordinator: coordinator, certificates: certificates, stateFolder: state,
            listen: listen, advertisedHost: advertise, name: name, threads: threads,
            exitsWithCoordinator: exitWithCoordinator)
        options.memoryBytes = memory?.bytes
        NodeProcess.run("maws-ps", name: options.name, endsWithCoordinator: exitWithCoordinator) { logger in
            try ServerMachine(options, logger: logger).run()
        }
    }
}

/// `3/16`
struct ShardArgument: ExpressibleByArgument {
    let identity: ShardIdentity

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0, count <= 65_536,
            (0..<count).contains(index)
        else { return nil }
        identity = ShardIdentity(index: index, count: count)
    }
}

extension ByteSize {
    static func argument(_ text: String) throws -> ByteSize {
        guard let size = ByteSize(text: text) else { throw ValidationError("expected \(expected)") }
        return size
    }
}
