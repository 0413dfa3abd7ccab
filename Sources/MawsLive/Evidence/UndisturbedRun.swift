import Foundation
import Glibc

/// The run that the disturbed one is held against: the user's plan as it is, in a folder of its own, by `maws-coord`.
struct UndisturbedRun {
    let options: LiveOptions

    init(_ options: LiveOptions) { self.options = options }

    /// Runs it to its end.
    func evidence(_ voice: inout ProgressVoice) throws -> RunEvidence {
        let folder = options.folder + "/undisturbed"
        voice.say("The plan undisturbed, in \(folder)")
        try FileManager.default.createDirectory(atPath: options.folder, withIntermediateDirectories: true)
        let logPath = options.folder + "/undisturbed.log"
        _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        let log = FileHandle(forWritingAtPath: logPath)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: options.programs + "/maws-coord")
        process.arguments = ["start", "--plan", options.plan, "--run", folder, "--data-root", options.dataRoot]
        (process.standardOutput, process.standardError) = (log, log)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var watch = CommitWatch(path: folder + "/metrics.jsonl")
        while process.isRunning {
            usleep(100_000)
            watch.look(at: LiveRun.now)
            voice.tell(watch)
        }
        guard process.terminationStatus == 0 else {
            let said = LiveProcess.lastLine(logPath)
            throw LiveError.unusable("The undisturbed run ended with \(process.terminationStatus): \(said)")
        }
        return try RunEvidence(runFolder: folder)
    }
}

/// What the rig takes from the coordinator's log, as a person would.
enum CoordinatorLog {
    static func recomputedSteps(_ path: String) -> Int {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return 0 }
        return text.matches(of: /([0-9]+) committed steps? (?:is|are) computed again/)
            .reduce(0) { $0 + (Int($1.output.1) ?? 0) }
    }
}
