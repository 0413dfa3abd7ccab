import MawsBase
import MawsRecords

/// Why a run cannot start or go on, each as one sentence for a person.
package enum CoordinatorError: Error, Hashable, CustomStringConvertible {
    case planChanged(run: String, changes: [String])
    case otherProfile(run: String, recorded: String, wanted: String)
    case alreadyRunning(run: String)
    case notFinite(NonFiniteStep, skipped: Int)
    /// `list` names the first of the samples.
    case tooManySkipped(stage: String, skipped: Int, allowed: Int, list: [String])
    case badReport(stage: String, step: UInt64)
    case otherShape(stage: String, name: String, shape: [Int], from: String, found: [Int])
    /// Records of an earlier run are in the folder, but nothing that it could go on from.
    case nothingToGoOnFrom(run: String, reason: String)
    case missingParameters(stage: String, from: String, names: [String])
    case childKeepsDying(name: String, times: Int, lastLine: String)
    case badAddress(String)
    /// What must be true before a step is committed is not: this program is wrong.
    case violated([String])
    case missingProgram(String)
    case cannotStart(String, reason: String)
    case notARunFolder(String, holds: String)
    case noCertificates(folder: String)
    /// The first step of a stage shows that nothing can come of it.
    case badBeginning(String)

    /// Without what may be secret in the plan's addresses.
    package var description: String { Secrets.hidden(in: sentence) }

    private var sentence: String {
        switch self {
        case .planChanged(let run, let changes): EarlierRun.changed(run, changes)
        case .otherProfile(let run, let recorded, let wanted):
            "the steps of \(run) were computed with `\(recorded)` and the plan's compute_profile is `\(wanted)`, which "
                + "gives other bits: take the field out, give the new plan another run folder, or say "
                + "`bit_identity: off`"
        case .alreadyRunning(let run):
            "another coordinator works in \(run); stop it first, or watch it with `maws-coord watch --run \(run)`"
        case .notFinite(let step, let skipped):
            "\(step)" + (skipped > 0 ? ", after \(skipped) skipped steps in a row" : "")
                + "; the step was not committed: lower the learning rate or clip the gradient in a new run, or let the "
                + "stage skip some such steps with `skip_nonfinite` and start again"
        case .tooManySkipped(let stage, let skipped, let allowed, let list):
            "the trainers of stage \(stage) found \(skipped) unreadable samples and skip_limit allows \(allowed); "
                + "repair the data or raise skip_limit:\n"
                + list.map { "  \($0)" }.joined(separator: "\n")
        case .badReport(let stage, let step):
            "the servers' reports of stage \(stage), step \(step) do not fit its table; check that all processes run "
                + "one version of maws"
        case .otherShape(let stage, let name, let shape, let from, let found):
            "stage \(stage) has \(name) of shape \(shape) and \(from), which it starts from, has it "
                + "of shape \(found), which cannot be taken over; give both stages the same size and labels, or "
                + "start it from another stage"
        case .nothingToGoOnFrom(let run, let reason):
            "\(run) is of an earlier run and cannot be gone on with: \(reason); put back what is missing, or give the "
                + "plan another run folder to begin anew"
        case .missingParameters(let stage, let from, let names):
            "stage \(stage) needs parameters that the checkpoint of \(from) does not have "
                + "(\(names.prefix(3).joined(separator: ", "))"
                + (names.count > 3 ? " and \(names.count - 3) more" : "")
                + "); check `from` and the model's size in the plan"
        case .childKeepsDying(let name, let times, let lastLine):
            "\(name) ended \(times) times right after its start; its log ends with: \(lastLine)"
        case .badAddress(let address):
            "cluster.listen is \(address), expected \(NetworkAddress.expectation)"
        case .violated(let what):
            "the coordinator is in a state that must not be (\(what.joined(separator: "; "))), and commits nothing "
                + "on it: start it again, and report this with the run's log"
        case .noCertificates(let folder):
            "\(folder) has no coordinator.pem; make the cluster's certificates with `maws-coord certs --output "
                + "\(folder) --cluster NAME`, or leave --certificates out, and the run makes its own"
        case .notARunFolder(let folder, let name): EarlierRun.foreign(folder, holds: name)
        case .missingProgram(let path):
            "\(path) is not there; build the whole package, the local cluster starts it"
        case .cannotStart(let path, let reason):
            "\(path), which the local cluster starts, cannot be started: \(reason)"
        case .badBeginning(let sentence): sentence
        }
    }
}
