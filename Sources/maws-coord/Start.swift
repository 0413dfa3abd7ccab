import ArgumentParser
import Foundation
import MawsCoordinator
import MawsPlan
import MawsProcess

/// `maws-coord start --plan FILE`
struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a run, or go on with it where it stopped.")

    @Option(help: "The plan file.")
    var plan: String

    @Option(name: .customLong("run"), help: "Folder of the run, instead of the plan's.")
    var runFolder: String?

    @Option(parsing: .unconditional, help: "Seed, instead of the plan's.")
    var seed: UInt64?

    @Option(help: "Folder of the cluster's certificates; made in the run folder when not given.")
    var certificates: String?

    @Option(help: "Folder that the plan's data paths are relative to.")
    var dataRoot = "."

    func run() {
        do {
            ProcessEnd.leave(try start())
        } catch {
            Console.tell(Self.fullMessage(for: error))
            ProcessEnd.leave(Self.exitCode(for: error).rawValue)
        }
    }

    /// Gives the exit code.
    private func start() throws -> Int32 {
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let options = CoordinatorOptions(
            planPath: plan, overrides: PlanOverrides(seed: seed, run: runFolder), certificates: certificates,
            programs: programs.path, root: dataRoot,
            command: CommandLine.arguments.map(Self.quoted).joined(separator: " "))
        let node = try CoordinatorNode(options)
        for warning in node.warnings { Console.tell("note: \(warning)") }
        if try node.run() == .stopped {
            Console.say("Stopped. \(node.standing.text)")
            return 130
        }
        Console.say(try node.report())
        return 0
    }

    /// An argument as a shell takes it.
    private static func quoted(_ argument: String) -> String {
        let isPlain =
            !argument.isEmpty && argument.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+@%".contains($0) }
        return isPlain ? argument : "'" + argument.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}
