import Foundation
import MawsBase
import MawsTransport
import MawsWire
import Testing

/// A run that has begun, and what an attacker needs.
final class Victim {
    /// How often an attack and a thread that is as busy take turns, and for how many commits each time.
    private static let (turns, steps) = (4, 20)

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

    /// The run keeps half of its rate while the attack goes on: half of what it has beside a thread that burns as much
    /// of the machine as the attacker does and sends nothing. Both take turns, so that whatever else the machine does
    /// meets them alike. What the run needs to recover from an attack belongs to it. A commit costs the run's own
    /// processes less than twice as much, too.
    ///
    /// - Parameters:
    ///   - end: leaves nothing of the attack, which begins anew with round 0.
    ///   - attack: one of its rounds.
    func expectWorkGoesOn(end: () -> Void = {}, during attack: (_ round: Int) throws -> Void) throws {
        let (memory, threads) = (try figure("VmRSS"), try figure("Threads"))
        var (attacked, undisturbed) = (Pace(), Pace())
        for _ in 0..<Self.turns {
            let busy = BusyShare()
            attacked += try pace(Self.steps, attack)
            let share = busy.value
            #expect(try figure("VmRSS") < memory + (100 << 10), "KiB, \(memory) before")
            #expect(try figure("Threads") < threads + 80, "\(threads) before")
            end()
            attacked += try pace(3) { _ in Thread.sleep(forTimeInterval: 0.005) }
            let burning = BusyShare()
            undisturbed += try pace(Self.steps) { _ in burning.keep(share) }
        }
        print("attacked: \(attacked); undisturbed: \(undisturbed)")
        #expect(attacked.rate > undisturbed.rate / 2, "\(attacked) instead of \(undisturbed)")
        #expect(attacked.cost < undisturbed.cost * 2, "\(attacked) instead of \(undisturbed)")
    }

    /// How the run goes on for so many commits while `round` is done again and again.
    private func pace(_ steps: Int, _ round: (Int) throws -> Void) throws -> Pace {
        let (start, processors, first) = (Date(), processorSeconds, run.committedSteps())
        var (number, looked, pace) = (0, Date.distantPast, Pace())
        while pace.commits < steps {
            try round(number)
            number += 1
            // The file of the commits grows: to read it each time would be most of the attack.
            guard Date().timeIntervalSince(looked) > 0.01 else { continue }
            looked = Date()
            pace.seconds = looked.timeIntervalSince(start)
            pace.commits = run.committedSteps() - first
            try #require(program.process.isRunning, "\(program.output)")
            try #require(pace.seconds < 300, "\(pace)")
        }
        pace.processorSeconds = processorSeconds - processors
        return pace
    }

    /// What the run's processes have had of the machine's cores.
    private var processorSeconds: Double {
        ([program.pid] + program.children("maws-")).reduce(0) { sum, pid in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 12 ? sum + ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / 100 : sum
        }
    }
}
