import Foundation

/// Puts together what a cluster consists of: command lines, and a proxy before everybody who is dialed.
struct ClusterAssembly {
    let folder: String
    let programs: String
    let dataRoot: String
    let coordinatorAddress: SocketAddress
    private(set) var links: [LinkName: LinkProxy] = [:]

    init(folder: String, programs: String, dataRoot: String) throws {
        (self.folder, self.programs, self.dataRoot) = (folder, programs, dataRoot)
        let host = "127.0.0.1"
        coordinatorAddress = SocketAddress(host: host, port: try SocketAddress.freePort(host: host))
        for path in [stateFolder, processFolder] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try makeCertificates()
    }

    var runFolder: String { folder + "/run" }
    var stateFolder: String { folder + "/state" }
    private var processFolder: String { folder + "/processes" }
    private var certificates: String { folder + "/certificates" }

    func coordinator(planPath: String) throws -> LiveProcess {
        try process(
            .coordinator, "maws-coord", ["start", "--plan", planPath, "--data-root", dataRoot], in: runFolder)
    }

    /// The server and the proxy before it differ in the host alone: a server tells trainers another host than the one
    /// it listens at, not another port.
    mutating func server(_ index: Int, of count: Int) throws -> LiveProcess {
        let host = "127.0.1.\(index + 1)"
        let own = SocketAddress(host: host, port: try SocketAddress.freePort(host: host))
        let told = SocketAddress(host: "127.0.2.\(index + 1)", port: own.port)
        links[.toServer(index)] = try LinkProxy(at: told, to: own)
        let arguments = [
            "--shard", "\(index)/\(count)", "--state", stateFolder, "--listen", "\(own)", "--advertise", told.host,
            "--threads", "1",
        ]
        return try process(.server(index), "maws-ps", dialing(.server(index)) + arguments, in: stateFolder)
    }

    mutating func trainer(_ index: Int, threads: Int) throws -> LiveProcess {
        let arguments = ["--threads", "\(threads)", "--name", "trainer-\(index)", "--data-root", dataRoot]
        return try process(
            .trainer(index), "maws-trainer", dialing(.trainer(index)) + arguments, in: processFolder + "/none")
    }

    /// Where a process dials the coordinator: a proxy of its own.
    private mutating func dialing(_ name: ProcessName) throws -> [String] {
        let proxy = try LinkProxy(at: SocketAddress(host: "127.0.0.1", port: 0), to: coordinatorAddress)
        links[.toCoordinator(name)] = proxy
        return ["--coordinator", "\(proxy.address)"]
    }

    private func process(
        _ name: ProcessName, _ program: String, _ arguments: [String], in own: String
    ) throws -> LiveProcess {
        try LiveProcess(
            name, program: "\(programs)/\(program)", arguments: arguments + ["--certificates", certificates],
            folder: own, files: processFolder, shim: FaultPage.shim(in: programs))
    }

    private func makeCertificates() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(programs)/maws-coord")
        process.arguments = ["certs", "--cluster", "rig", "--output", certificates]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw LiveError.unusable("maws-coord could not make certificates in \(certificates).")
        }
    }
}
