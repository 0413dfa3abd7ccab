import Foundation
import MawsBase
import MawsRecords
import MawsTestSupport
import MawsTransport
import MawsWire
import Testing

/// What stays with its owner, by real processes: passwords, weights, names.
@Suite(.serialized) struct SecurityTests {
    // MARK: - Permissions

    @Test func whatARunWritesIsItsOwnersAloneWhateverTheUmask() throws {
        let run = try ClusterRun()
        let start = { Program("maws-coord", ["start", "--plan", run.planPath], umask: "000") }
        try run.write()
        try start().runToSuccess()
        #expect(try Self.wrong(run.runFolder, withheld: 0o077) == [])
        try Program("maws", ["report", run.runFolder], umask: "000").runToSuccess()
        #expect(try Self.wrong(run.runFolder, withheld: 0o077) == [])

        // A run of an earlier version: everything is everybody's.
        for path in try Self.paths(run.runFolder) {
            let isFolder = try Self.mode(path) & S_IFMT == S_IFDIR
            // Keys that others may read are refused.
            if path.hasSuffix(".key") { continue }
            #expect(chmod(path, isFolder ? 0o755 : 0o644) == 0)
        }
        try start().runToSuccess()
        #expect(try Self.wrong(run.runFolder, withheld: 0o077) == [])
        let log = try String(contentsOfFile: run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("were open to more users than run_mode private allows, and are so no longer"))
        try Self.expectFinished(run)
    }

    @Test(arguments: [("group", 0o027), ("world", 0o022)])
    func aPlanMayLetOthersReadWhateverTheUmask(_ mode: String, _ withheld: Int) throws {
        var run = try ClusterRun()
        (run.extra, run.maeSteps, run.trainers, run.servers) = ("run_mode: \(mode)", 1, 1, 1)
        try run.write()
        try Program("maws-coord", ["start", "--plan", run.planPath], umask: "077").runToSuccess()
        #expect(try Self.wrong(run.runFolder, withheld: mode_t(withheld)) == [])
    }

    private static func expectFinished(_ run: ClusterRun) throws {
        let status = Program("maws-coord", ["status", "--run", run.runFolder])
        #expect(try status.run() == 0)
        #expect(status.output.contains("is finished") && status.output.contains("report.html"), "\(status.output)")
        let json = Program("maws-coord", ["status", "--run", run.runFolder, "--json"])
        #expect(try json.run() == 0)
        #expect(json.output.contains("\"isFinished\" : true"), "\(json.output)")
    }

    /// Paths with other permissions than files and folders made under such an `umask`; those of servers, trainers and
    /// certificates with bits for others.
    private static func wrong(_ folder: String, withheld: mode_t) throws -> [String] {
        try paths(folder).compactMap { path in
            let mode = try mode(path)
            let isFolder = mode & S_IFMT == S_IFDIR
            let own = ["/certificates", "/state", "/cache"].contains { path.hasPrefix(folder + $0) }
            let wanted = (isFolder ? 0o777 : 0o666) & ~(own ? 0o077 : withheld)
            return mode & 0o777 == wanted ? nil : "\(path) \(String(mode & 0o777, radix: 8))"
        }
    }

    private static func paths(_ folder: String) throws -> [String] {
        [folder] + (try FileManager.default.subpathsOfDirectory(atPath: folder)).map { "\(folder)/\($0)" }
    }

    private static func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode
    }

    // MARK: - Passwords

    @Test func aPasswordForDataStandsInNoFileAndNoOutput() throws {
        let server = try WebServer(try TestData.smallShards())
        var run = try Self.small("\(server.address)/private/small-train-{0000..0001}.tar")
        run.environment.merge([
            "MAWS_DATA_HOST": "127.0.0.1", "MAWS_DATA_USER": "alice", "MAWS_DATA_PASSWORD": "s3cret",
        ]) { $1 }
        let program = try run.program()
        try program.runToSuccess()
        #expect(!program.output.contains("s3cret"))
        #expect(try Self.files(in: run.folder, holding: ["s3cret", "YWxpY2U6czNjcmV0"]) == [])
    }

    @Test func aTokenInAnAddressStandsInThePlansCopiesAlone() throws {
        let folder = try TestData.smallShards()
        try TestData.changeAnImage(folder + "/small-train-0001.tar")
        let server = try WebServer(folder)
        var run = try Self.small("'\(server.address)/signed/small-train-{0000..0001}.tar?sig=s3cret'")
        (run.maeSteps, run.skipLimit) = (8, 0.02)
        let program = try run.program()
        try program.runToSuccess()
        #expect(!program.output.contains("s3cret") && program.output.contains("MAWS_DATA_QUERY"), "\(program.output)")
        let files = try Self.files(in: run.runFolder, holding: ["s3cret"]).map { URL(filePath: $0).lastPathComponent }
        #expect(files.allSatisfy { $0 == "plan.yaml" || $0.hasPrefix("coordinator.sqlite") }, "\(files)")
        let skipped = try RunFolder(run.runFolder).skippedSamples().map(\.sample)
        #expect(skipped.contains { $0.contains("small-train-0001.tar?sig=***") }, "\(skipped)")
    }

    @Test func aPlanWithAPasswordIsRefusedByCheckAndStart() throws {
        let run = try Self.small("http://alice:s3cret@127.0.0.1:1/small-train-{0000..0001}.tar")
        try run.write()
        for program in [
            Program("maws", ["plan", "check", run.planPath]), Program("maws", ["plan", "show", run.planPath]),
            Program("maws-coord", ["start", "--plan", run.planPath]),
            Program("maws", ["data", "index", "--shards", "http://alice:s3cret@127.0.0.1:1/a.tar"]),
        ] {
            #expect(try program.run() != 0)
            #expect(program.output.contains("has a user or a password in it"), "\(program.output)")
            #expect(program.output.contains("MAWS_DATA_PASSWORD") && !program.output.contains("s3cret"))
        }
        #expect(!FileManager.default.fileExists(atPath: run.runFolder))
    }

    private static func small(_ shards: String) throws -> ClusterRun {
        var run = try ClusterRun()
        (run.trainers, run.servers, run.maeSteps, run.trainShard) = (1, 1, 2, shards)
        run.environment = ["MAWS_CACHE": run.folder + "/cache"]
        return run
    }

    private static func files(in folder: String, holding texts: [String]) throws -> [String] {
        try paths(folder).filter { path in
            guard try mode(path) & S_IFMT == S_IFREG else { return false }
            let bytes = try Data(contentsOf: URL(filePath: path))
            return texts.contains { bytes.range(of: Data($0.utf8)) != nil }
        }
    }

    // MARK: - Machines

    /// Each machine with a certificate of its own, two trainers of one name, and all addresses of IPv6.
    @Test func logsAndStatusNameTheCertificatesOfMachinesThatMeetOverIPv6() throws {
        var run = try ClusterRun()
        (run.isRemote, run.servers, run.maeSteps) = (true, 1, 4000)
        let certificates = run.folder + "/certificates"
        try Program("maws-coord", ["certs", "--output", certificates, "--cluster", "test"]).runToSuccess()
        try run.plan().replacingOccurrences(of: "127.0.0.1:0", with: "[::1]:0").write(
            toFile: run.planPath, atomically: true, encoding: .utf8)
        let coordinator = Program("maws-coord", ["start", "--plan", run.planPath, "--certificates", certificates])
        try coordinator.start()
        let address = try RemoteCluster.address(run, coordinator)
        #expect(address.hasPrefix("[::1]:"))
        let issue = { try Self.issue($0, $1, run, certificates) }
        let (machine, other) = (try issue("trainer", "gpu-7"), try issue("trainer", "gpu-8"))
        let colleague = try issue("viewer", "colleague")
        let server = Program(
            "maws-ps",
            [
                "--shard", "0/1", "--coordinator", address, "--certificates", try issue("server", "ps-0"), "--state",
                run.folder + "/state", "--listen", "[::]:0", "--advertise", "[::1]",
            ])
        let trainers = [machine, other].map {
            Program(
                "maws-trainer",
                ["--coordinator", address, "--certificates", $0, "--threads", "1", "--name", "twin"])
        }
        defer {
            for process in trainers + [server, coordinator] where process.process.isRunning {
                kill(process.pid, SIGKILL)
            }
        }
        for process in [server] + trainers { try process.start() }
        try run.wait(forSteps: 2, of: coordinator)

        let snapshot = try Self.status(address, colleague) { $0.peers.count == 3 }
        let peers = snapshot.peers
        #expect(peers.map(\.certificate).sorted { ($0 ?? "") < ($1 ?? "") } == ["gpu-7", "gpu-8", "ps-0"])
        #expect(Set(peers.map(\.name)) == ["server-0", "twin", "twin-2"])
        #expect(peers.allSatisfy { $0.certificateDaysLeft == 364 || $0.certificateDaysLeft == 365 })
        let listening = try #require(NetworkAddress(text: peers.first { $0.role == "server" }?.address ?? ""))
        #expect(server.output.contains("listens at [::]:\(listening.port)") && listening.host == "::1")

        try Self.misbehave(address, listening, machine)
        try Self.wait { server.output.contains("sent what the protocol does not allow") }
        #expect(server.output.contains("gpu-7 at [::1]:"), "\(server.output)")
        let path = run.runFolder + "/logs/coordinator.log"
        try Self.wait { (try? String(contentsOfFile: path, encoding: .utf8))?.contains("letters a to z") == true }
        let log = try String(contentsOfFile: path, encoding: .utf8)
        #expect(log.contains("its name is 'eve\\n2026-01-01T00:00:00.000Z critical'"), "\(log)")
        #expect(log.contains("certificate gpu-8, joined") && log.contains("is called twin-2 here"))
        #expect(!log.split(separator: "\n").contains { $0.hasPrefix("2026-01-01") })
        kill(coordinator.pid, SIGINT)
        #expect(try coordinator.wait() == 130)
    }

    @Test func aRunWithoutCertificatesOrWithoutAFolderIsSaidToBeSo() throws {
        let run = try ClusterRun()
        try FileManager.default.createDirectory(atPath: run.runFolder, withIntermediateDirectories: true)
        func failure(_ arguments: [String]) throws -> String {
            let status = Program("maws-coord", ["status", "--run"] + arguments)
            #expect(try status.run() != 0)
            return status.output
        }
        #expect(try failure([run.runFolder]).contains("there is no run in \(run.runFolder)"))
        try "seed: 1\n".write(toFile: run.runFolder + "/plan.yaml", atomically: true, encoding: .utf8)
        #expect(try failure([run.runFolder]).contains("which is not finished; `maws-coord start`"))
        try "127.0.0.1:1\n".write(toFile: run.runFolder + "/coordinator.address", atomically: true, encoding: .utf8)
        #expect(try failure([run.runFolder]).contains("has no certificates of its own"))
        let badAddress = try failure([run.runFolder, "--coordinator", "::1:7070"])
        #expect(badAddress.contains("'::1:7070' is no address; expected host:port"), "\(badAddress)")
    }

    private static func issue(
        _ role: String, _ name: String, _ run: ClusterRun, _ certificates: String
    ) throws -> String {
        let folder = "\(run.folder)/\(name)"
        try Program(
            "maws-coord",
            ["certs", "--from", certificates, "--role", role, "--name", name, "--output", folder]
        ).runToSuccess()
        return folder
    }

    /// The first status that has what is waited for.
    private static func status(
        _ address: String, _ certificates: String, _ isComplete: (StatusSnapshot) -> Bool
    ) throws -> StatusSnapshot {
        var last: StatusSnapshot?
        try wait {
            let program = Program(
                "maws-coord", ["status", "--coordinator", address, "--certificates", certificates, "--json"])
            guard try program.run() == 0 else { return false }
            let snapshot = try JSONDecoder().decode(StatusSnapshot.self, from: Data(program.output.utf8))
            last = snapshot
            return isComplete(snapshot)
        }
        return try #require(last)
    }

    /// A trainer that begins with the wrong message at a server, and forges a line of the coordinator's log.
    private static func misbehave(_ coordinator: String, _ server: NetworkAddress, _ certificates: String) throws {
        let identity = try TLSIdentity(folder: certificates, role: .trainer)
        let first = try Connection.connect(
            host: server.host, port: server.port, identity: identity, expecting: .server, timeoutSeconds: 5)
        try first.send(.heartbeat)
        _ = try? first.receive(timeoutSeconds: 5)
        let address = try NetworkAddress(toDial: coordinator)
        let second = try Connection.connect(
            host: address.host, port: address.port, identity: identity, expecting: .coordinator, timeoutSeconds: 5)
        try second.send(
            .hello(
                Hello(
                    protocolVersion: ProtocolVersion.current, role: .trainer,
                    name: "eve\n2026-01-01T00:00:00.000Z critical", computeProfile: "", dataFingerprint: "",
                    server: nil, term: Term(0))))
        guard case .refused(let reason, _) = try second.receive(timeoutSeconds: 5).message else {
            Issue.record("a name that forges a line was taken")
            return
        }
        #expect(reason.contains("a --name has 1 to 64"))
    }

    private static func wait(_ isThere: () throws -> Bool) throws {
        let deadline = Date().addingTimeInterval(60)
        while try !isThere() {
            guard Date() < deadline else { throw Program.Failed(description: "it did not come within 60 s") }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }
}
