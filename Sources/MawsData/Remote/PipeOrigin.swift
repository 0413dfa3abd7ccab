import Foundation
import Glibc
import Synchronization

/// The output of a shell command, `aws s3 cp s3://bucket/shard.tar -` for instance, run anew whenever a page is
/// missing.
struct PipeOrigin: PageOrigin {
    let command: String
    let stallSeconds: Int
    /// How long the command may take for a page: one that is slower counts as stalled, however steadily it trickles.
    private var pageSeconds: Int { DataAccess.stallsPerPage * stallSeconds }

    var hasRandomAccess: Bool { false }

    func fetch(_ page: Int, others: (Int, [UInt8]) throws -> Void) throws -> (bytes: [UInt8], size: UInt64) {
        let (process, output, errors) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        do {
            try process.run()
        } catch {
            throw FetchProblem(text: "the command cannot be started: \(error)", mayPass: false)
        }
        let errorTail = ErrorTail(errors.fileHandleForReading)
        var cutter = PageCutter(wanted: page)
        do {
            try read(output.fileHandleForReading.fileDescriptor) { try cutter.add($0, others: others) }
        } catch {
            end(process)
            throw error
        }
        guard waits(for: process, seconds: stallSeconds) else {
            end(process)
            throw FetchProblem(text: "the command closed its output and did not end for \(stallSeconds) s")
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let words = errorTail.line
            throw FetchProblem(
                text: "the command ended with \(process.terminationStatus)\(words.isEmpty ? "" : ": \(words)")")
        }
        try cutter.finish(others: others)
        return (cutter.wantedBytes, cutter.size)
    }

    /// Ends the command and all that it started, which is its process group.
    private func end(_ process: Process) {
        kill(-process.processIdentifier, SIGTERM)
        if !waits(for: process, seconds: 1) {
            kill(-process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    private func waits(for process: Process, seconds: Int) -> Bool {
        let deadline = DispatchTime.now() + .seconds(seconds)
        while process.isRunning, DispatchTime.now() < deadline { usleep(5000) }
        return !process.isRunning
    }

    private func read(_ descriptor: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var (pageBytes, pageSince) = (0, DispatchTime.now())
        while true {
            guard DispatchTime.now() < pageSince + .seconds(pageSeconds) else {
                throw FetchProblem(text: "the command gave only \(pageBytes) bytes in \(pageSeconds) s")
            }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(stallSeconds * 1000))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { throw FetchProblem(text: "the command gave nothing for \(stallSeconds) s") }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FetchProblem(text: "its output cannot be read") }
            if count == 0 { return }
            pageBytes += count
            if pageBytes >= PageCache.pageSize { (pageBytes, pageSince) = (0, .now()) }
            try buffer.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[..<count])) }
        }
    }
}

/// Reads a command's complaints while it runs, so that it never waits for us, and keeps the last line.
private final class ErrorTail: Sendable {
    private let handle: FileHandle
    private let done = DispatchSemaphore(value: 0)
    private let text: Mutex<String> = Mutex("")

    init(_ handle: FileHandle) {
        self.handle = handle
        Thread.detachNewThread { [self] in
            while case let data = handle.availableData, !data.isEmpty {
                text.withLock { $0 = String(($0 + String(decoding: data, as: UTF8.self)).suffix(400)) }
            }
            done.signal()
        }
    }

    /// Waits for the end of the output, but not for a grandchild that keeps it open.
    var line: String {
        _ = done.wait(timeout: .now() + 1)
        return text.withLock { $0.split(whereSeparator: \.isNewline).last.map(String.init) ?? "" }
    }
}
