import Foundation
import Glibc
import MawsBase
import MawsCoordinator
import Testing

/// Ctrl-C and `kill`, each in a process of its own.
struct StopSignalsTests {
    @Test(arguments: [SIGINT, SIGTERM])
    func theFirstAsksForAStopAndTheSecondEndsTheProcess(number: Int32) async throws {
        let end = await #expect(
            processExitsWith: .exitCode(130), observing: [\.standardErrorContent]
        ) { [number = number as Int32] in
            let mailbox = Mailbox<NodeEvent>()
            let standing = RunStanding(paths: RunPaths(folder: "run"), command: "maws-coord start")
            let signals = StopSignals(mailbox: mailbox, standing: standing)
            kill(getpid(), number)
            guard case .stop? = Self.next(mailbox) else { exit(1) }
            kill(getpid(), number == SIGINT ? SIGTERM : SIGINT)
            withExtendedLifetime(signals) { _ = Self.next(mailbox) }
        }
        let said = String(decoding: end?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.contains("\nEnded at once. Nothing was computed yet. Go on with: maws-coord start\n"), "\(said)")
    }

    /// Also after a stop was asked for, by either of them.
    @Test(arguments: [SIGINT, SIGTERM])
    func theyDoWhatTheyDidBeforeOnceTheRunIsOver(number: Int32) async throws {
        await #expect(processExitsWith: .signal(number)) { [number = number as Int32] in
            let mailbox = Mailbox<NodeEvent>()
            let standing = RunStanding(paths: RunPaths(folder: "run"), command: "")
            let signals = StopSignals(mailbox: mailbox, standing: standing)
            kill(getpid(), number)
            guard case .stop? = Self.next(mailbox) else { exit(1) }
            signals.restore()
            kill(getpid(), number)
            _ = Self.next(mailbox)
        }
    }

    /// Who starts a program with a signal ignored, as `nohup` does, finds it ignored again.
    @Test func aSignalThatWasIgnoredIsIgnoredAgain() async throws {
        await #expect(processExitsWith: .exitCode(7)) {
            signal(SIGINT, SIG_IGN)
            let mailbox = Mailbox<NodeEvent>()
            let standing = RunStanding(paths: RunPaths(folder: "run"), command: "")
            StopSignals(mailbox: mailbox, standing: standing).restore()
            kill(getpid(), SIGINT)
            guard mailbox.take(waitingSeconds: 0.1).isEmpty else { exit(1) }
            exit(7)
        }
    }

    private static func next(_ mailbox: Mailbox<NodeEvent>) -> NodeEvent? { mailbox.take(waitingSeconds: 300).first }
}
