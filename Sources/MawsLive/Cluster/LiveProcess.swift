import Foundation
import Glibc

/// One of the run's processes, started again and again by the rig.
final class LiveProcess {
    let name: ProcessName
    let page: FaultPage
    /// Folder whose files are the process's own: its disk.
    let folder: String
    private(set) var starts = 0
    /// Exit codes and signals of the ends that no fault made, with the last line that was said.
    private(set) var ends: [String] = []
    /// Not before then is it started again.
    var restartAt = 0.0
    private let program: String
    private let arguments: [String]
    private let shim: String
    private let outputPath: String
    private var process: Process?
    private var isEndExpected = false

    /// - Parameters:
    ///   - files: folder for its output and its page.
    ///   - shim: the shared library that stands in for calls of the C library.
    init(
        _ name: ProcessName, program: String, arguments: [String], folder: String, files: String, shim: String
    ) throws {
        (self.name, self.program, self.arguments) = (name, program, arguments)
        (self.folder, self.shim) = (folder, shim)
        outputPath = "\(files)/\(name).log"
        page = try FaultPage(path: "\(files)/\(name).page")
        _ = FileManager.default.createFile(atPath: outputPath, contents: nil)
    }

    /// Starts from the rig's main thread, with which a child ends.
    func start() throws {
        guard let output = FileHandle(forWritingAtPath: outputPath) else {
            throw LiveError.unusable("The rig cannot write \(outputPath).")
        }
        defer { try? output.close() }
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([
            "LD_PRELOAD": shim, "MAWS_RIG_CONTROL": page.path, "MAWS_RIG_FOLDER": folder + "/",
            "MAWS_RIG_PARENT": "\(getpid())",
        ]) { $1 }
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw LiveError.unusable("\(program) cannot be started: \(error.localizedDescription)")
        }
        self.process = process
        isEndExpected = false
        starts += 1
    }

    var isRunning: Bool { process?.isRunning ?? false }

    /// How the process ended that is not running any more: its exit code, or a negative signal.
    var end: Int32? {
        guard let process, !process.isRunning else { return nil }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    func signal(_ number: Int32) {
        if let process, process.isRunning { kill(process.processIdentifier, number) }
    }

    /// A signal after which the process is gone, by the rig's own doing.
    /// - Parameter backAt: when it is started again; nil: never.
    func end(by number: Int32, backAt: Double? = nil) {
        isEndExpected = true
        if let backAt { restartAt = backAt }
        signal(SIGCONT)
        signal(number)
    }

    /// Writes down an end that nobody asked for.
    func noteEnd() {
        guard let end, !isEndExpected else { return }
        let said = Self.lastLine(outputPath)
        ends.append("\(name) ended by \(end < 0 ? "signal \(-end)" : "itself with \(end)"): \(said)")
    }

    /// Bytes resident; 0 when it does not run.
    var residentBytes: Int { figure("VmRSS:") << 10 }

    /// Open descriptors.
    var descriptors: Int {
        guard let process, process.isRunning else { return 0 }
        let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.processIdentifier)/fd")
        return names?.count ?? 0
    }

    private func figure(_ name: String) -> Int {
        guard let process, process.isRunning,
            let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
        else { return 0 }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// What a process said last of why it ended; its last line, where none says so.
    static func lastLine(_ path: String) -> String {
        guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return "" }
        defer { try? file.close() }
        try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
        let lines = String(decoding: file.readDataToEndOfFile(), as: UTF8.self).split(separator: "\n")
        let reason = lines.suffix(5).last {
            $0.contains("Error:") || $0.contains(" critical ") || $0.contains(" error ")
        }
        return (reason ?? lines.last).map(String.init) ?? ""
    }
}
