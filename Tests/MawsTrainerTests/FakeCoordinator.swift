import Foundation
import MawsBase
import MawsPlan
import MawsTransport
import MawsWire
import Synchronization

/// A coordinator for one trainer: greets it, leases units from a list, one or several at a time, ends the run when all
/// are done.
final class FakeCoordinator: Sendable {
    struct State {
        var hellos: [Hello] = []
        var done: [UnitDone] = []
        var failures: [String] = []
        var connection: Connection?
    }

    let state = Mutex(State())
    private let listener: Listener
    private let plan: Plan
    private let leases: [[Lease]]
    private let roster: Roster
    private let triesAgain: Bool

    /// - Parameter triesAgain: whether units that fail are leased once more.
    init(run: TinyRun, shards: [FakeShard], leases: [[Lease]], triesAgain: Bool = true) throws {
        plan = run.plan
        self.triesAgain = triesAgain
        self.leases = leases
        roster = Roster(servers: shards.map(\.address))
        listener = try Listener(
            host: "127.0.0.1", port: 0, identity: run.identity(.coordinator), allowedRoles: [.trainer])
        Thread { [self] in
            while let connection = try? listener.accept() {
                state.withLock { $0.connection = connection }
                try? serve(connection)
                connection.close()
            }
        }.start()
    }

    var port: UInt16 { listener.port }

    func close() {
        listener.close()
        state.withLock { $0.connection }?.close()
    }

    private func serve(_ connection: Connection) throws {
        try connection.handshake(timeoutSeconds: 120)
        var next = 0
        while true {
            switch try connection.receive(timeoutSeconds: 120).message {
            case .hello(let hello):
                state.withLock { $0.hellos.append(hello) }
                guard hello.dataFingerprint.isEmpty else { break }
                try connection.send(.welcome(Welcome(term: Term(1), plan: plan.canonicalJSON, runID: "run")))
                try connection.send(.roster(roster))
            case .leaseRequest where next < leases.count:
                try connection.send(.leases(leases[next]))
                next += 1
            case .leaseRequest:
                try connection.send(.shutdown(isFinished: true, reason: "the run is finished"))
            case .unitDone(let done):
                state.withLock { $0.done.append(done) }
            case .unitFailed(let failed):
                state.withLock { $0.failures.append(failed.reason) }
                if triesAgain { next -= 1 }
            case .heartbeat:
                try connection.send(.heartbeat)
            default:
                return
            }
        }
    }
}

func lease(_ id: UInt64, _ stage: StageIndex, step: UInt64 = 0, phase: UInt32 = 0, unit: UInt32) -> Lease {
    Lease(
        id: id, term: Term(1), stage: stage, step: StepIndex(step), phase: phase, unit: UnitIndex(unit),
        milliseconds: 60_000)
}
