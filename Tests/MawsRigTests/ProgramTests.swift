import Foundation
import Testing

/// What the program says, in processes of their own: hashes of dictionaries differ from one to the next.
@Suite struct ProgramTests {
    private func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("maws-rig")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test func oneSeedIsOneWorldInEveryProcess() throws {
        let outputs = try (0..<3).map { _ in
            try run(["sim", "--seeds", "1..20", "--trace"]).text.split(separator: "\n").filter { $0.contains("hash") }
        }
        #expect(outputs[0].count == 20)
        #expect(Set(outputs).count == 1)
    }

    @Test func whatIsFoundIsSaidWithItsSeedAndAShortSchedule() throws {
        let (status, text) = try run(["sim", "--seeds", "1..10", "--mutation", "sum-in-other-order"])
        #expect(status == 1)
        #expect(text.contains(": gradient: "))
        #expect(text.contains("again: maws-rig sim --seed "))
    }

    @Test func figuresComeWithTheirGoals() throws {
        let (status, text) = try run(["sim", "--seeds", "1..40", "--jobs", "2", "--coverage"])
        #expect(status == 0)
        for name in ["sim-seeds", "sim-speed", "sim-coverage"] {
            #expect(text.split(separator: "\n").contains { $0.hasPrefix("figure=\(name) ") && $0.contains(" goal=") })
        }
    }
}
