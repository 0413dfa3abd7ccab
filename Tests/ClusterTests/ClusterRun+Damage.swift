import Foundation
import Testing

/// What a test does to a run's files, and reads of them.
extension ClusterRun {
    func checkpoints() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: runFolder + "/checkpoints").sorted()
    }

    func coordinatorLog() throws -> String {
        try String(contentsOfFile: runFolder + "/logs/coordinator.log", encoding: .utf8)
    }

    func metricsLines() throws -> [String] { try lines("metrics.jsonl") }

    /// The names in `stages.jsonl`, line by line.
    func stageLines() throws -> [String] {
        try lines("stages.jsonl").map { line in
            try #require(line.split(separator: "\"stage\":\"").last?.split(separator: "\"").first.map(String.init))
        }
    }

    /// Changes a byte near the end of a checkpoint's file.
    func flip(_ name: String) throws {
        let path = "\(runFolder)/checkpoints/\(name)"
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let place = try file.seekToEnd() - 5
        try file.seek(toOffset: place)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: place)
        try file.write(contentsOf: Data([byte ^ 1]))
        try file.close()
    }

    /// Flips a byte in every checkpoint of the stage that the newest one is of. Returns the stage's name.
    func damageNewestStage() throws -> String {
        let latest = try String(contentsOfFile: runFolder + "/checkpoints/latest", encoding: .utf8)
        let stage = try #require(latest.split(separator: "-").first.map(String.init))
        for name in try checkpoints() where name.hasPrefix(stage + "-") && !name.hasSuffix(".partial") {
            try flip("\(name)/weights.safetensors")
        }
        return stage
    }

    /// Keeps the trainers from ending more than the step they are at, while `body` runs.
    func whileTrainersStop(of program: Program, _ body: () throws -> Void) throws {
        let trainers = program.children("maws-trainer")
        for trainer in trainers { kill(trainer, SIGSTOP) }
        defer { for trainer in trainers { kill(trainer, SIGCONT) } }
        try body()
    }

    /// A server dies and its state file with it; meanwhile `body` runs.
    func loseAServer(of program: Program, _ body: () throws -> Void) throws {
        try whileTrainersStop(of: program) {
            try body()
            let server = try #require(program.children("maws-ps").first)
            let folder = runFolder + "/state"
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".state") {
                try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
            kill(server, SIGKILL)
        }
    }

    /// A copy of the run's database as it is after this many steps, of a start that is killed then.
    func copyOfDatabase(afterSteps steps: Int) throws -> String {
        let program = try program()
        try program.start()
        try wait(forSteps: steps, of: program)
        let children = program.children("maws-")
        kill(program.pid, SIGKILL)
        _ = try program.wait()
        while children.contains(where: { kill($0, 0) == 0 }) { Thread.sleep(forTimeInterval: 0.01) }
        for ending in ["", "-wal", "-shm"] {
            try? FileManager.default.copyItem(
                atPath: "\(runFolder)/coordinator.sqlite\(ending)", toPath: "\(folder)/early.sqlite\(ending)")
        }
        return "\(folder)/early.sqlite"
    }

    private func lines(_ name: String) throws -> [String] {
        guard let text = try? String(contentsOfFile: "\(runFolder)/\(name)", encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }
}
