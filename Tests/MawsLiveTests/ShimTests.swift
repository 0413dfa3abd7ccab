import Foundation
import MawsLive
import Testing

/// The shim in a real process, a shell that copies and asks for the time.
@Suite struct ShimTests {
    private let folder = NSTemporaryDirectory() + "shim-\(UUID().uuidString)"
    private let page: FaultPage

    init() throws {
        try FileManager.default.createDirectory(atPath: folder + "/own", withIntermediateDirectories: true)
        page = try FaultPage(path: folder + "/page")
    }

    private func run(_ command: String) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        process.environment = [
            "PATH": "/usr/bin:/bin", "LD_PRELOAD": FaultPage.shim(in: Self.programs), "LC_ALL": "C",
            "MAWS_RIG_CONTROL": page.path, "MAWS_RIG_FOLDER": folder + "/own/", "MAWS_RIG_PARENT": "\(getpid())",
        ]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    /// Where the programs lie: beside the test bundle's executable.
    private static let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    @Test func aFullDiskIsThatOfTheOwnFolderAlone() throws {
        page[.diskFull] = 1
        let own = try run("exec dd if=/dev/zero of=\(folder)/own/file bs=1 count=1")
        #expect(own.code != 0)
        #expect(own.output.contains("No space left on device"))
        #expect(page[.callsHit] == 1)
        #expect(try run("exec dd if=/dev/zero of=\(folder)/file bs=1 count=1").code == 0)
        page[.diskFull] = 0
        #expect(try run("exec dd if=/dev/zero of=\(folder)/own/file bs=1 count=1").code == 0)
    }

    @Test func aSyncFails() throws {
        page[.syncFails] = 1
        let failed = try run("exec dd if=/dev/zero of=\(folder)/own/file bs=1 count=1 conv=fsync")
        #expect(failed.output.contains("Input/output error"))
    }

    @Test func theWallClockJumps() throws {
        let before = try #require(Int(try run("exec date +%s").output.trimmingCharacters(in: .newlines)))
        page[.clockSeconds] = 3600
        let after = try #require(Int(try run("exec date +%s").output.trimmingCharacters(in: .newlines)))
        #expect(after - before >= 3600)
    }
}
