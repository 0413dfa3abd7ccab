import MawsBase
import MawsProtocol
import MawsRecords
import MawsWire

extension AdmissionRefusal: CustomStringConvertible {
    /// The sentence that the peer and the log get.
    package var description: String {
        switch self {
        case .noHello: "its first message is not hello"
        case .otherVersion(let version):
            "it speaks protocol version \(version), this coordinator \(ProtocolVersion.current): "
                + "use one version of maws"
        case .otherRole(let role, let certified): "it says it is a \(role) with the certificate of a \(certified)"
        case .noShard: "a server's hello names no shard"
        case .noServer(let role): "a \(role)'s hello names a shard, which a server's alone does"
        case .noHost(let host):
            "it says that trainers reach it at '\(PlainText.line(host))', which is no host; see --advertise"
        case .noName(let name):
            "its name is '\(PlainText.line(name))'; a --name has 1 to 64 of the letters a to z, "
                + "digits, `.`, `_` and `-`"
        case .otherData(let found, let expected):
            "its data is not this run's: the samples' names or sizes, or the files beside them, differ "
                + "(\(found) there, \(expected) here); copy them again"
        case .noProfile(let text): "it does not say what it computes with: '\(text)'"
        case .otherProfile(let profile, let expected):
            "it would not compute this run's bits: \(profile.differences(from: expected).joined(separator: "; ")). "
                + "Start it with the same --compute on such a machine; or say `bit_identity: off` in the plan or, in a "
                + "run without steps so far, `compute_profile: \(profile)`"
        case .otherShardCount(let name, let shard, let due):
            "this run has \(due) shards and \(name) says it is shard \(shard): start it with --shard i/\(due)"
        case .shardServed(let shard, let name, let host):
            "shard \(shard) is already served by \(name) at \(host)"
        case .newerTerm: "the run goes on under a newer term"
        case .noReport(let stage, let step):
            "its report of step \(step.value) of the plan's stage \(stage.value + 1) is not one of its slices"
        case .notItsMessage(let role): "a \(role) may not send this message"
        case .bulkOfOther(let role): "only a server has a connection for tensors, and its certificate is a \(role)'s"
        case .bulkOfNobody: "no server with its certificate is here whose connection for tensors it could be"
        case .bulkTooEarly: "its connection for orders was not welcomed yet, or is gone"
        case .bulkTaken: "its server has a connection for tensors already"
        case .noBulk(let seconds): "it has opened no connection for tensors for \(seconds) s, and is waited for there"
        }
    }
}

extension ReplacementReason: CustomStringConvertible {
    /// Why the older connection was lost.
    package var description: String {
        switch self {
        case .cameBack: "it came back on a new connection"
        case .silent(let seconds):
            "silent for \(SecondsText.tenths(seconds)) s, and a newer connection brings the shard's state"
        }
    }
}
