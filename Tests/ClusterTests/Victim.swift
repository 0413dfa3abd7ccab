import Foundation
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// A run that has begun, and what an attacker needs.
final class Victim {
    let run: ClusterRun
    let program: Program
    let address: NetworkAddress

    /// A run that does not end by itself.
    convenience init() throws {
        var run = try ClusterRun()
        (run.maeSteps, run.checkpointSteps) = (1_000_000, 1_000_000)
        try self.init(run)
    }

    init(_ run: ClusterRun) throws {
        self.run = run
        program = try run.program()
        try program.start()
        try run.wait(forSteps: 5, of: program)
        let text = try String(contentsOfFile: run.runFolder + "/coordinator.address", encoding: .utf8)
        address = try NetworkAddress(toDial: text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    deinit { kill(program.pid, SIGKILL) }

    func dial(_ role: Role) throws -> Connection {
        try dial(host: address.host, port: address.port, role, expecting: .coordinator)
    }

    func dial(_ server: ServerAddress) throws -> Connection {
        try dial(host: server.host, port: server.port, .trainer, expecting: .server)
    }

    private func dial(host: String, port: UInt16, _ role: Role, expecting: Role) throws -> Connection {
        try Connection.connect(
            host: host, port: port, identity: TLSIdentity(folder: run.runFolder + "/certificates", role: role),
            expecting: expecting, timeoutSeconds: 60)
    }

    func viewer() throws -> Connection {
        let viewer = try dial(.viewer)
        try viewer.send(
            .hello(
                Hello(
                    protocolVersion: ProtocolVersion.current, role: .viewer, name: "viewer", computeProfile: "",
                    dataFingerprint: "", server: nil, term: Term(0))))
        guard case .welcome = try viewer.receive(timeoutSeconds: 60).message else {
            throw Program.Failed(description: "a viewer was not welcome")
        }
        return viewer
    }

    func wait(_ what: String, until isSo: () throws -> Bool) throws {
        let start = Date()
        while try !isSo() {
            try #require(Date().timeIntervalSince(start) < 300, "\(what)")
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    /// A figure of the coordinator in `/proc/PID/status`.
    func figure(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(program.pid)/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1]))
    }

    /// As many steps as before take no more than some times as long while the attack goes on.
    func expectWorkGoesOn(during attack: (_ round: Int) throws -> Void) throws {
        let (memory, threads, steps) = (try figure("VmRSS"), try figure("Threads"), 40)
        func seconds(_ body: (Int) throws -> Void) throws -> Double {
            let (start, first) = (Date(), run.committedSteps())
            var round = 0
            while run.committedSteps() < first + steps {
                try body(round)
                round += 1
                try #require(program.process.isRunning, "\(program.output)")
                try #require(Date().timeIntervalSince(start) < 300, "no commits")
            }
            return Date().timeIntervalSince(start)
        }
        let undisturbed = try seconds { _ in Thread.sleep(forTimeInterval: 0.01) }
        let disturbed = try seconds(attack)
        // Twice by the promise, and as much again as the attacker itself takes the cores of the run.
        #expect(disturbed < 4 * undisturbed + 2, "\(disturbed) s instead of \(undisturbed) s")
        #expect(try figure("VmRSS") < memory + (100 << 10), "KiB, \(memory) before")
        #expect(try figure("Threads") < threads + 80, "\(threads) before")
    }
}
