import Foundation
import Glibc
import MawsBase
import MawsTransport
import MawsWire
import Synchronization
import Testing

/// What the reception lets in, what it lets wait, and what it sends away.
@Suite(.timeLimit(.minutes(10)))
struct ReceptionTests {
    private let cluster = try! Cluster()

    /// A reception that runs, who it let in and what it said of others.
    private final class Door: Sendable {
        let listener: Listener
        let admitted = Mutex<[Connection]>([])
        let refusals = Mutex<[String]>([])

        init(_ listener: Listener, _ change: (inout ReceptionBudget) -> Void) {
            self.listener = listener
            var budget = ReceptionBudget { $0 == .viewer ? 2 : 100 }
            change(&budget)
            let reception = Reception(
                listener, budget: budget, admit: { [self] connection in admitted.withLock { $0.append(connection) } },
                say: { [self] remark in
                    if case .refused(_, let sentence) = remark { refusals.withLock { $0.append(sentence) } }
                })
            Thread.detachNewThread { try? reception.run() }
        }

        deinit { listener.close() }
    }

    private func door(_ change: (inout ReceptionBudget) -> Void = { _ in }) throws -> Door {
        Door(try cluster.listener(.coordinator, allowing: [.trainer, .viewer]), change)
    }

    private func dial(_ door: Door, _ role: Role) throws -> Connection {
        try Connection.connect(
            host: "127.0.0.1", port: door.listener.port, identity: cluster.identity(role), expecting: .coordinator,
            timeoutSeconds: 120)
    }

    private func wait(_ isThere: () -> Bool) throws {
        let deadline = Date().addingTimeInterval(120)
        while !isThere() {
            try #require(Date() < deadline)
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    @Test func whoProvesWhoItIsComesInWhileManySayNothing() throws {
        let door = try door { $0.newcomersMax = 8 }
        let threads = try Self.threadCount()
        let silent = (0..<7).map { _ in connectTCP(port: door.listener.port) }
        defer { for descriptor in silent { close(descriptor) } }
        let trainer = try dial(door, .trainer)
        try wait { door.admitted.withLock { $0.count } == 1 }
        #expect(door.admitted.withLock { $0[0].peer.role } == .trainer)
        #expect(try Self.threadCount() < threads + 7, "a thread for each that says nothing")
        trainer.close()
    }

    /// Those who say nothing are given up one after the other, the longest there first.
    @Test func moreThanMayWaitMakeRoomForTheNext() throws {
        let door = try door { ($0.newcomersMax, $0.patienceSeconds) = (8, 0.05) }
        let silent = (0..<40).map { _ in connectTCP(port: door.listener.port) }
        defer { for descriptor in silent { close(descriptor) } }
        let trainer = try dial(door, .trainer)
        try wait { door.admitted.withLock { $0.count } == 1 }
        #expect(door.refusals.withLock { $0.contains { $0.contains("has not proven who it is") } })
        trainer.close()
    }

    @Test func whoSaysNothingIsGivenUpInTime() throws {
        let door = try door { $0.handshakeSeconds = 0.1 }
        let descriptor = connectTCP(port: door.listener.port)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        #expect(recv(descriptor, &byte, 1, 0) <= 0)
        try wait { door.refusals.withLock { $0.contains { $0.contains("the TLS handshake") } } }
    }

    @Test func oneCertificateHasSoManyConnectionsAndIsToldSo() throws {
        let door = try door()
        let first = [try dial(door, .viewer), try dial(door, .viewer)]
        try wait { door.admitted.withLock { $0.count } == 2 }
        let third = try dial(door, .viewer)
        guard case .refused(let reason, false) = try third.receive(timeoutSeconds: 120).message else {
            Issue.record("a third connection was let in")
            return
        }
        #expect(reason == "2 connections with the viewer certificate viewer are open, the most")
        // Others have places of their own, and one that is given back can be taken.
        let trainer = try dial(door, .trainer)
        try wait { door.admitted.withLock { $0.count } == 3 }
        door.admitted.withLock { $0.removeFirst() }.close()
        first[0].close()
        let again = try dial(door, .viewer)
        try wait { door.admitted.withLock { $0.count } == 3 }
        for connection in [first[1], third, trainer, again] { connection.close() }
    }

    @Test func theWrongRoleIsToldSo() throws {
        let door = Door(try cluster.listener(.coordinator, allowing: [.trainer])) { _ in }
        let viewer = try dial(door, .viewer)
        guard case .refused(let reason, false) = try viewer.receive(timeoutSeconds: 120).message else {
            Issue.record("the wrong role was let in")
            return
        }
        #expect(reason.contains("role viewer") && reason.contains("trainer is needed"))
    }

    private static func threadCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }
}
