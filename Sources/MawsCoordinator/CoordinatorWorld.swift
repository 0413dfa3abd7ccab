import Foundation
import Glibc
import MawsBase
import MawsFiles
import MawsProcess

/// What the coordinator has of the world beside its peers (`PeerConnection`, `PeerOutbox`) and the files that it reads:
/// the machine in `maws-coord`, whatever a test or a simulation makes of it elsewhere.
package struct CoordinatorWorld: Sendable {
    /// The monotonic clock.
    package var now: @Sendable () -> Moment
    /// Lets that much time go by.
    package var pause: @Sendable (_ seconds: Double) -> Void
    /// Does what takes a while beside the thread that decides.
    package var beside: @Sendable (@escaping @Sendable () -> Void) -> Void
    /// Does one write of what the run must not lose: where a disk refuses it, this throws.
    package var disk: @Sendable (RunWrite, () throws -> Void) throws -> Void
    /// Starts a process, and says how it ended once it did, `exit code 1` for instance.
    package var launch: @Sendable (ChildStart, _ ended: @escaping @Sendable (String) -> Void) throws -> any ChildProcess
    /// Standard output, for the live line.
    package var draw: @Sendable (String) -> Void
    /// Standard error, for warnings, a line each.
    package var warn: @Sendable (String) -> Void

    package init(
        now: @escaping @Sendable () -> Moment, pause: @escaping @Sendable (_ seconds: Double) -> Void,
        beside: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        disk: @escaping @Sendable (RunWrite, () throws -> Void) throws -> Void,
        launch:
            @escaping @Sendable (ChildStart, _ ended: @escaping @Sendable (String) -> Void) throws
            -> any ChildProcess,
        draw: @escaping @Sendable (String) -> Void, warn: @escaping @Sendable (String) -> Void
    ) {
        (self.now, self.pause, self.beside, self.disk) = (now, pause, beside, disk)
        (self.launch, self.draw, self.warn) = (launch, draw, warn)
    }

    /// Writes something of the run, for what that gives.
    func write<Result>(_ what: RunWrite, _ body: () throws -> Result) throws -> Result {
        var result: Result?
        try disk(what) { result = try body() }
        guard let result else { preconditionFailure("a disk that did not write says that it did") }
        return result
    }

    /// This machine.
    package static let real = CoordinatorWorld(
        now: { .now() }, pause: { Thread.sleep(forTimeInterval: $0) }, beside: { Thread.detachNewThread($0) },
        disk: { _, body in try body() }, launch: { try MachineProcess($0, ended: $1) }, draw: Console.drawLive,
        warn: { line in
            // In a terminal the line takes the place of the live line, which is drawn again below it.
            PlainLogHandler.writeToStandardError((isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : "") + line)
        })
}

/// What a write is of.
package enum RunWrite: Hashable, Sendable, CaseIterable {
    /// The run's database: what was committed.
    case database
    /// Files that people and tools read: metrics, stages, machines, skipped samples, results.
    case records
    /// A checkpoint's files and its name.
    case checkpoint
}

/// A process to be started.
package struct ChildStart: Hashable, Sendable {
    /// The program's file.
    package var program: String
    package var arguments: [String]
    /// The file that what it says is appended to.
    package var log: String
}

/// A process that was started.
package protocol ChildProcess: AnyObject {
    var isRunning: Bool { get }
    /// Ends it whatever it is at.
    func kill()
}

/// A child process of this machine.
private final class MachineProcess: ChildProcess {
    private let process = Process()

    init(_ start: ChildStart, ended: @escaping @Sendable (String) -> Void) throws {
        guard FileManager.default.isExecutableFile(atPath: start.program) else {
            throw CoordinatorError.missingProgram(start.program)
        }
        process.executableURL = URL(fileURLWithPath: start.program)
        process.arguments = start.arguments
        process.standardInput = FileHandle.nullDevice
        let log = try Self.open(start.log)
        process.standardOutput = log
        process.standardError = log
        process.terminationHandler = { process in
            let how = process.terminationReason == .exit ? "exit code" : "signal"
            ended("\(how) \(process.terminationStatus)")
        }
        do {
            try process.run()
        } catch {
            throw CoordinatorError.cannotStart(start.program, reason: Self.reason(error))
        }
    }

    var isRunning: Bool { process.isRunning }

    func kill() { _ = Glibc.kill(process.processIdentifier, SIGKILL) }

    /// The words of the system, where one of its errors is behind this one.
    private static func reason(_ error: any Error) -> String {
        let errors = [error as NSError, (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError]
        let own = errors.compactMap(\.self).first { $0.domain == NSPOSIXErrorDomain }
        return own.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
    }

    private static func open(_ path: String) throws -> FileHandle {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StorageError.last("open", path) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
