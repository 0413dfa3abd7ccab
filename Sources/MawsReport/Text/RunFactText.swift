import MawsBase
import MawsProtocol
import MawsRecords

extension RunFact: CustomStringConvertible {
    /// The sentence that the log gets, and the end of a run.
    package var description: String {
        switch self {
        case .serverJoined(let name, let shard): "\(name) serves shard \(shard)"
        case .serverLeft(let name, let shard, let loss): "\(name) left: \(loss); the step waits for shard \(shard)"
        case .stateGone: "a server's state is gone or not of this step"
        case .newerTerm(let known, let name, let recorded, let taken):
            "\(name) knows term \(known.value) and the run's records end at \(recorded.value): the run's folder is of "
                + "an earlier time, or the server worked for another run; the run goes on under term \(taken.value)"
        case .stepStartsOver(let step):
            "step \(step.value) starts over, as a sample of it is excluded from now on"
        case .checkpointNotTaken(let step, let failure):
            "the checkpoint at step \(step.value) was not taken: \(failure)"
        case .checkpointLate(let due, let underWay):
            "a checkpoint is due at step \(due.value) and that of step \(underWay.value) is still being taken: "
                + "the next one follows it"
        case .trainerJoined(let name): "\(name) joined"
        case .trainerLeft(let name, let loss): "\(name) left: \(loss)"
        case .unitReturned(let name, let reason): "\(name ?? "a trainer") gave a unit back: \(reason)"
        case .unitNotFinite(let unit, let step, let name, let isBelieved):
            "unit \(unit.value) of step \(step.value) is not finite, says \(name ?? "a trainer")"
                + (isBelieved
                    ? ", as all say who computed it: it is taken as it is" : ": another trainer computes it again")
        case .leasesOver(let name):
            "\(name ?? "a trainer") has not answered in time: what it was leased is given to others"
        case .trainerSetAside(let name, let fault, let seconds):
            "\(name) is set aside for \(Int(seconds)) s: \(fault)"
        case .nothingComputed(let tries, let reason):
            "no unit could be computed in \(tries) tries, the last one said: \(reason)"
        }
    }
}

extension PeerLoss: CustomStringConvertible {
    /// What comes after "left": `it came back on a new connection`.
    package var description: String {
        switch self {
        case .line(let words): words
        case .replaced(let reason): "\(reason)"
        case .silent(let seconds):
            "nothing came from it for \(SecondsText.tenths(seconds)) s; check that it runs and is not overloaded"
        case .lacksSlice(let words): "it has not what a checkpoint is made of: \(words)"
        case .gone(let loss, let seconds, let address):
            "silent for \(SecondsText.tenths(seconds)) s, and \(loss) at \(address)"
        }
    }
}
