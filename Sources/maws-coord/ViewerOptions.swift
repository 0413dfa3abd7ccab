import ArgumentParser
import Foundation
import MawsBase
import MawsRecords

/// Where to find the coordinator of a run, and what to show it.
struct ViewerOptions: ParsableArguments {
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("The run folder; holds the coordinator's address and certificates.", valueName: "dir"))
    var folder: String?

    @Option(
        help: ArgumentHelp("The coordinator's address, for a run on another machine.", valueName: "host:port"),
        transform: NetworkAddress.init(toDial:))
    var coordinator: NetworkAddress?

    @Option(
        help: ArgumentHelp(
            "Folder of ca.pem, viewer.pem and viewer.key; DIR/certificates by default.", valueName: "dir"))
    var certificates: String?

    func validate() throws {
        guard folder != nil || (coordinator != nil && certificates != nil) else {
            throw ValidationError("Give --run DIR, or --coordinator HOST:PORT and --certificates DIR.")
        }
    }

    /// The coordinator's host and port: as given, or as the running coordinator wrote them into the run folder.
    func address() throws -> NetworkAddress {
        if let coordinator { return coordinator }
        let path = "\(folder ?? ".")/coordinator.address"
        guard let line = try? String(contentsOfFile: path, encoding: .utf8) else { throw absence }
        guard let address = NetworkAddress(text: line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw ViewerError.badAddressFile(path)
        }
        return address
    }

    /// Where the viewer's certificate is: as given, or in the folder of a run that has its own.
    func certificateFolder() throws -> String {
        if let certificates { return certificates }
        let own = "\(folder ?? ".")/certificates"
        guard FileManager.default.fileExists(atPath: own) else { throw ViewerError.noCertificates(run: folder ?? ".") }
        return own
    }

    /// A sentence for a person where the run has come to its end and nobody needs to be asked; nil otherwise.
    var finishedRun: String? {
        guard coordinator == nil, let folder, RunFolder(folder).isFinished,
            !FileManager.default.fileExists(atPath: "\(folder)/coordinator.address")
        else { return nil }
        return "The run \(folder) is finished, and no coordinator is needed any more. Its results are in "
            + "\(folder)/report.html, its weights in \(folder)/checkpoints."
    }

    private var absence: ViewerError {
        let run = folder ?? "."
        if let finishedRun { return .finished(sentence: finishedRun) }
        return (try? RunFolder(run).checkIsRun()) == nil ? .noRun(run) : .notRunning(run: run)
    }

    /// What to call the run in a message.
    var target: String { coordinator.map { "at \($0)" } ?? "of the run \(folder ?? ".")" }
}

/// Why a viewer cannot show a run.
enum ViewerError: Error, CustomStringConvertible {
    case badAddressFile(String)
    case notRunning(run: String)
    case noRun(String)
    case finished(sentence: String)
    case noCertificates(run: String)
    case unreachable(target: String, reason: String)
    case refused(target: String, reason: String)
    case silent(target: String, seconds: Double)
    case lost(target: String, reason: String)
    case ended(target: String, reason: String)
    case unexpected(target: String)

    var description: String {
        switch self {
        case .badAddressFile(let path): "\(path) does not hold one line HOST:PORT; give --coordinator HOST:PORT."
        case .notRunning(let run):
            "no coordinator of the run \(run) is running, which is not finished; `maws-coord start` with its plan goes "
                + "on with it."
        case .noRun(let run): "there is no run in \(run); give --run the folder that `run` of the plan names."
        case .finished(let sentence): sentence
        case .noCertificates(let run):
            "the run \(run) has no certificates of its own, as its cluster has others; give --certificates the folder "
                + "that maws-coord start was given, or one with a viewer's certificate of that cluster."
        case .unreachable(let target, let reason): "the coordinator \(target) is not running: \(reason)."
        case .refused(let target, let reason): "the coordinator \(target) refused the connection: \(reason)."
        case .silent(let target, let seconds):
            "the coordinator \(target) did not answer within \(Int(seconds)) s; its log says what it is doing."
        case .lost(let target, let reason): "the coordinator \(target) is gone: \(reason)."
        case .ended(let target, let reason): "the coordinator \(target) ended: \(reason)."
        case .unexpected(let target):
            "the coordinator \(target) answered with something that is not a status; check that both are of one "
                + "version."
        }
    }
}
