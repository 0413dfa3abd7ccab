import MawsBase
import MawsProtocol

extension PeerActivity: CustomStringConvertible {
    /// One short phrase: `unit 3 of step 17 since 0.4 s`, `idle`, `away since 3.0 s`.
    package var description: String {
        switch self {
        case .away(let seconds): "away since \(SecondsText.tenths(seconds)) s"
        case .receivesShard: "receives its shard"
        case .reduced(let step): "step \(step) reduced"
        case .serves(let version): "serves version \(version)"
        case .opensData: "opens its data"
        case .idle: "idle"
        case .computes(let first, let last, let step, let seconds):
            "\(first == last ? "unit \(first)" : "units \(first) to \(last)") of step \(step) "
                + "since \(SecondsText.tenths(seconds)) s"
        case .setAside(let fault, let left): "set aside for \(SecondsText.tenths(left)) s more: \(fault)"
        case .waitsForUnit(let seconds): "waits for a unit since \(SecondsText.tenths(seconds)) s"
        }
    }
}

extension PeerReport {
    /// What it is called; a shard that nobody serves like the server of a local cluster: `server-3`.
    package var title: String { name ?? shard.map { "server-\($0)" } ?? role.rawValue }
}

extension TrainerFault: CustomStringConvertible {
    /// Why it is set aside.
    package var description: String {
        switch self {
        case .asksWithoutAnswer: "it asks for more and has not answered for what it was leased"
        case .unitMissing(let unit, let step):
            "it says that unit \(unit) of step \(step) is done, and the shards do not have it"
        case .returnsUnits(let count, let reason):
            "it gave \(count) units in a row back, the last one as \(reason)"
        case .falseNonFinite(let unit, let step, let name):
            "its unit \(unit) of step \(step) was not finite, and is where \(name ?? "another trainer") computes it"
        case .certificate: "another trainer with its certificate was set aside just now"
        case .unitOfNoStage: "it did a unit of no stage"
        case .sampleOfNoSplit(let index): "it says that it cannot get sample \(index), which no split has"
        case .falseResult(let unit, let stage, let what):
            "the result of its unit \(unit) is not what stage \(stage) has: it \(what)"
        case .unreadableSamples(let own, let others):
            "it found \(own) unreadable samples, and all others together \(others)"
        }
    }
}

extension Wait: CustomStringConvertible {
    /// What comes after "waits for": `trainer-1: unit 3 of step 17 since 4.1 s`.
    package var description: String {
        let since = "since \(SecondsText.tenths(seconds)) s"
        return switch cause {
        case .firstCheckpoint: "the coordinator, which makes the stage's first checkpoint, \(since)"
        case .wholeCheckpoint: "the coordinator, which looks for a whole checkpoint, \(since)"
        case .missingShard(let shard, let count, let missing):
            "shard \(shard)/\(count), away \(since) (\(missing) of \(count) missing)"
        case .shards:
            name.map { "\($0), which receives its shard, \(since)" }
                ?? "the servers, which receive their shards, \(since)"
        case .slices:
            name.map { "\($0), which sends its slices for the checkpoint, \(since)" }
                ?? "the servers, which send their slices for the checkpoint, \(since)"
        case .application(let step): "the servers, which apply step \(step), \(since)"
        case .noTrainer: "a trainer: none is here"
        case .trainersSetAside: "a trainer: all that are here are set aside"
        case .sum(let step): "\(name ?? "a server"), which adds up step \(step)"
        case .unit(let unit, let step): "\(name ?? "a trainer"): unit \(unit) of step \(step) \(since)"
        case .silence(let ago):
            "\(name ?? "a server"), silent for \(SecondsText.tenths(seconds)) s"
                + (ago > 0 ? " until \(SecondsText.tenths(ago)) s ago" : "")
        }
    }
}

extension LineRule.Loss: CustomStringConvertible {
    /// What was found of a silent server.
    package var description: String {
        switch self {
        case .nobodyListens: "nobody listens any more"
        case .anotherProcessAnswers: "another process answers"
        case .lineIsDead: "it answers, so that nothing of what it says arrives,"
        }
    }
}
