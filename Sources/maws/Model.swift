import ArgumentParser
import MawsBase
import MawsCheckpoint
import MawsProcess
import MawsReport

/// `maws model`: checks, compares and repairs checkpoints.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Check, compare and repair checkpoints.",
        subcommands: [ModelVerify.self, ModelDiff.self, ModelRepair.self])
}

struct ModelVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read every byte of checkpoints, and say what is not what was written.")

    @Argument(help: ArgumentHelp("Folders such as RUN/checkpoints/mae-1200.", valueName: "folder"))
    var folders: [String]

    func run() throws {
        var damagedCount = 0
        for folder in folders {
            let inspection = try CheckpointInspection(folder)
            if inspection.faults.isEmpty, let manifest = inspection.manifest {
                Console.say(
                    "\(folder): whole. \(ModelVerify.name(manifest)); \(manifest.tensors.count) tensors, "
                        + "\(ByteSize(bytes: inspection.byteCount)), weights \(manifest.weightsHash).")
            } else {
                damagedCount += 1
                Console.say("\(folder): damaged.")
                for fault in inspection.faults { Console.say("  \(fault)") }
            }
        }
        guard damagedCount > 0 else { return }
        throw CleanFailure(
            "\(damagedCount) of \(folders.count) \(folders.count == 1 ? "checkpoint" : "checkpoints") "
                + "\(damagedCount == 1 ? "is" : "are") damaged. maws model repair takes that from another copy."
        )
    }

    static func name(_ manifest: CheckpointManifest) -> String {
        let header = manifest.header
        return "Step \(header.step.value) of stage \(header.stageName) of run \(header.runID)"
    }
}

struct ModelDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Say in which tensors two checkpoints differ, and by how much.",
        discussion: "Exits with 0 where all tensors are equal, and with 1 where one is not.")

    @Argument(help: "A checkpoint's folder.") var first: String
    @Argument(help: "Another one.") var second: String

    func run() throws {
        let difference = try CheckpointDifference(Checkpoint(folder: first), Checkpoint(folder: second))
        guard !difference.tensors.isEmpty else {
            return Console.say("All \(difference.equalCount) tensors are equal.")
        }
        for tensor in difference.tensors { Console.say("\(tensor.name): \(Self.sentence(tensor.kind))") }
        throw CleanFailure(
            "\(difference.tensors.count) tensors differ, and \(difference.equalCount) are equal.")
    }

    private static func sentence(_ kind: CheckpointDifference.Kind) -> String {
        switch kind {
        case .onlyInFirst: "only in the first"
        case .onlyInSecond: "only in the second"
        case .shapes(let first, let second): "\(first) and \(second)"
        case .values(let count, let all, let largest):
            "\(count) of \(all) elements, by at most " + (largest.map { "\($0)" } ?? "what is not finite")
        }
    }
}

struct ModelRepair: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Take what is damaged of a checkpoint from other copies of it.",
        discussion: "Each mebibyte is taken by its hash, so that nothing gets in that was not written there. What "
            + "cannot be repaired is left as it is.")

    @Argument(help: "The damaged checkpoint's folder.") var folder: String
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Folders of other copies, or of other checkpoints.", valueName: "folder"))
    var from: [String]

    func run() throws {
        let repair: CheckpointRepair
        do {
            repair = try CheckpointRepair(folder, from: from)
        } catch let refusal as CheckpointRepair.Refusal {
            throw CleanFailure("\(refusal)")
        }
        let inspection = try CheckpointInspection(folder)
        if let fault = inspection.faults.first { throw CleanFailure("\(folder) is damaged still: \(fault).") }
        if repair.piecesTaken.isEmpty && !repair.tookManifest {
            return Console.say("\(folder) is whole; nothing was changed.")
        }
        for (file, count) in repair.piecesTaken.sorted(by: { $0.key < $1.key }) {
            Console.say("\(file): \(count) of its pieces of 1 MiB made anew.")
        }
        if repair.tookManifest { Console.say("manifest.json: taken from another copy.") }
        Console.say("\(folder) is whole. \(ModelVerify.name(repair.manifest)).")
        if folder.hasSuffix(".damaged") {
            Console.say("Rename it to \(repair.manifest.header.name), and its run uses it again.")
        }
    }
}
