import Foundation
import Testing

/// One of the project's programs as a real process.
final class Program: @unchecked Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    let process = Process()
    private let outputPath: String
    private let command: String
    private let name: String
    private let arguments: [String]
    private let environment: [String: String]

    /// - Parameter umask: that the program is started under; nil: that of the tests.
    init(_ name: String, _ arguments: [String], environment: [String: String] = [:], umask: String? = nil) {
        (self.name, self.arguments, self.environment) = (name, arguments, environment)
        command = ([name] + arguments).joined(separator: " ")
        outputPath = TestData.folder + "/output-\(UUID().uuidString.prefix(8)).txt"
        let path = TestData.programs + "/" + name
        process.executableURL = URL(fileURLWithPath: umask == nil ? path : "/bin/sh")
        process.arguments = umask.map { ["-c", "umask \($0) && exec \"$0\" \"$@\"", path] + arguments } ?? arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        _ = FileManager.default.createFile(atPath: outputPath, contents: nil)
        let output = FileHandle(forWritingAtPath: outputPath)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
    }

    var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }
    var pid: Int32 { process.processIdentifier }

    func start() throws { try process.run() }

    /// The same program with the same arguments, not started yet.
    func again() -> Program { Program(name, arguments, environment: environment) }

    /// The exit code; kills the process after the deadline and throws what it printed.
    func wait(timeoutSeconds: Double = 600) throws -> Int32 {
        let deadline = Date().addingTimeInterval(timeoutSeconds)
        while process.isRunning && Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
        guard !process.isRunning else {
            kill(pid, SIGKILL)
            throw Failed(description: "\(command) did not end within \(timeoutSeconds) s; it printed: \(output)")
        }
        return process.terminationStatus
    }

    func run(timeoutSeconds: Double = 600) throws -> Int32 {
        try start()
        return try wait(timeoutSeconds: timeoutSeconds)
    }

    func runToSuccess() throws {
        let code = try run()
        if code != 0 { throw Failed(description: "\(command) ended with \(code): \(output)") }
    }

    /// Living children of this process whose command line contains `text`, youngest last.
    func children(_ text: String) -> [Int32] { Self.processes { $0.parent == self.pid && $0.command.contains(text) } }

    static func processes(where matches: ((pid: Int32, parent: Int32, command: String)) -> Bool) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.sorted().filter { pid in
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let command = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
            else { return false }
            let fields = status[status.index(after: status.lastIndex(of: ")")!)...].split(separator: " ")
            return fields[0] != "Z" && matches((pid, Int32(fields[1]) ?? 0, command))
        }
    }
}
