import ArgumentParser
import Foundation
import MawsBase

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
        guard let line = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ViewerError.notRunning(run: folder ?? ".")
        }
        guard let address = NetworkAddress(text: line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw ViewerError.badAddressFile(path)
        }
        return address
    }

    var certificateFolder: String { certificates ?? "\(folder ?? ".")/certificates" }

    /// What to call the run in a message.
    var target: String { coordinator.map { "at \($0)" } ?? "of the run \(folder ?? ".")" }
}

/// Why a viewer cannot show a run.
enum ViewerError: Error, CustomStringConvertible {
    case badAddressFile(String)
    case notRunning(run: String)
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
            "no coordinator of the run \(run) is running: it has no coordinator.address; start it with maws-coord "
                + "start."
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
