import Foundation
import Glibc
import MawsBase
import MawsCoordinator
import MawsFiles
import Synchronization

/// A world that a test moves: its clock stands still, work beside the deciding thread is done when the test says so,
/// and its disk refuses what the test wants it to refuse.
final class FakeWorld: Sendable {
    /// What a disk does from some write on.
    enum Refusal: Hashable {
        /// It writes nothing more.
        case full
        /// It writes, and cannot say that it did.
        case unsure
    }

    struct State {
        var now = Moment(nanoseconds: 1_000_000_000)
        var work: [@Sendable () -> Void] = []
        var writes: [RunWrite] = []
        var refusal: (first: Int, Refusal)?
        var warnings: [String] = []
        var drawn = ""
        var children: [FakeChild] = []
        /// Files of programs that are not there.
        var missing: Set<String> = []
    }

    let state = Mutex(State())

    var world: CoordinatorWorld {
        CoordinatorWorld(
            now: { self.now }, pause: { self.move($0) },
            beside: { work in self.state.withLock { $0.work.append(work) } },
            disk: { try self.write($0, $1) },
            launch: { start, ended in
                guard !self.state.withLock({ $0.missing.contains(start.program) }) else {
                    throw CoordinatorError.missingProgram(start.program)
                }
                let child = FakeChild(start, ended)
                self.state.withLock { $0.children.append(child) }
                return child
            }, draw: { text in self.state.withLock { $0.drawn += text } },
            warn: { line in self.state.withLock { $0.warnings.append(line) } })
    }

    var now: Moment { state.withLock { $0.now } }
    var writes: [RunWrite] { state.withLock { $0.writes } }
    var warnings: String { state.withLock { $0.warnings.joined(separator: "\n") } }
    var drawn: String { state.withLock { $0.drawn } }
    var children: [FakeChild] { state.withLock { $0.children } }

    func move(_ seconds: Double) { state.withLock { $0.now = $0.now + seconds } }

    /// Does what waits to be done beside the deciding thread, and says whether there was anything.
    func doWork() -> Bool {
        let work = state.withLock { state in
            defer { state.work = [] }
            return state.work
        }
        for body in work { body() }
        return !work.isEmpty
    }

    /// These programs, and no others, are not there.
    func lack(_ programs: Set<String>) { state.withLock { $0.missing = programs } }

    /// The disk refuses the write of this number, counted from 0, and all after it.
    func refuse(from first: Int, _ refusal: Refusal) { state.withLock { $0.refusal = (first, refusal) } }

    private func write(_ what: RunWrite, _ body: () throws -> Void) throws {
        let refusal = state.withLock { state -> Refusal? in
            state.writes.append(what)
            return state.refusal.flatMap { state.writes.count > $0.first ? $0.1 : nil }
        }
        if refusal == .full { throw StorageError.full(path: "/fake/\(what)", bytes: 0) }
        try body()
        if refusal == .unsure { throw StorageError.system(action: "write", path: "/fake/\(what)", code: EIO) }
    }
}

/// A process that runs until the test ends it.
final class FakeChild: ChildProcess, Sendable {
    let start: ChildStart
    private let ended: @Sendable (String) -> Void
    private let state = Mutex((isRunning: true, wasKilled: false))

    init(_ start: ChildStart, _ ended: @escaping @Sendable (String) -> Void) {
        (self.start, self.ended) = (start, ended)
    }

    var isRunning: Bool { state.withLock { $0.isRunning } }
    var wasKilled: Bool { state.withLock { $0.wasKilled } }

    func end(_ status: String) {
        state.withLock { $0.isRunning = false }
        ended(status)
    }

    func kill() { state.withLock { $0 = (false, true) } }
}
