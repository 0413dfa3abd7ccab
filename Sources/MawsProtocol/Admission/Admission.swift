import MawsBase
import MawsWire

/// Who may take part in a run: what its certificate and its hello have to say, and for a trainer that it computes the
/// same bits from the same data as the others.
package struct Admission: Sendable {
    package enum Verdict: Hashable, Sendable {
        case refused(AdmissionRefusal)
        case admitted(ComputeProfile)
    }

    let fingerprint: String
    let isBitIdentical: Bool
    /// What all trainers of the run compute with; no trainer has a say in it.
    package let profile: ComputeProfile?

    /// - Parameters:
    ///   - fingerprint: what a trainer's data must hash to.
    ///   - profile: what the run's steps are computed with; nil where nothing is known of it.
    ///   - isBitIdentical: whether all trainers must have it.
    package init(fingerprint: String, profile: ComputeProfile?, isBitIdentical: Bool) {
        (self.fingerprint, self.isBitIdentical, self.profile) = (fingerprint, isBitIdentical, profile)
    }

    /// Why a connection is not served, whatever it wants; nil: it is.
    ///
    /// - Parameter certified: the role of its certificate.
    package static func refusal(of hello: Hello, certified: Role) -> AdmissionRefusal? {
        guard hello.protocolVersion == ProtocolVersion.current else { return .otherVersion(hello.protocolVersion) }
        guard hello.role == certified else { return .otherRole(hello.role, certified: certified) }
        if hello.role == .server {
            guard let server = hello.server else { return .noShard }
            guard NetworkAddress.host(server.host) != nil else { return .noHost(server.host) }
        } else if hello.server != nil {
            return .noServer(hello.role)
        }
        return isName(hello.name) ? nil : .noName(hello.name)
    }

    /// What may be shown as a name wherever names are.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || [45, 46, 95].contains($0)
            }
    }

    /// A trainer has opened its data and says what it computes with.
    package func admit(_ hello: Hello) -> Verdict {
        guard hello.dataFingerprint == fingerprint else {
            return .refused(.otherData(hello.dataFingerprint, expected: fingerprint))
        }
        guard let own = ComputeProfile(text: hello.computeProfile) else {
            return .refused(.noProfile(hello.computeProfile))
        }
        guard isBitIdentical, let profile, own != profile else { return .admitted(own) }
        return .refused(.otherProfile(own, expected: profile))
    }
}

/// Why a peer is not let in, or not any more.
package enum AdmissionRefusal: Hashable, Sendable {
    case noHello
    case otherVersion(UInt32)
    case otherRole(Role, certified: Role)
    /// A server's hello names no shard.
    case noShard
    /// The hello of somebody else does.
    case noServer(Role)
    case noHost(String)
    case noName(String)
    case otherData(String, expected: String)
    case noProfile(String)
    case otherProfile(ComputeProfile, expected: ComputeProfile)
    /// A server is of a run with another number of shards.
    case otherShardCount(name: String, ShardIdentity, due: Int)
    case shardServed(ShardIdentity, by: String, host: String)
    /// The run goes on under a term above that which its servers were told.
    case newerTerm
    /// A server's sums of squares are not those of its slices.
    case noReport(stage: StageIndex, step: StepIndex)
    /// It sends what its role may not.
    case notItsMessage(Role)
    /// A connection for tensors is a server's, that of one that is here and was welcomed, and its only one.
    case bulkOfOther(Role)
    case bulkOfNobody
    case bulkTooEarly
    case bulkTaken
    /// A server is waited for on a connection for tensors that it has not opened for so long.
    case noBulk(seconds: Int)

    /// Whether the same hello may be welcome later.
    package var mayTryAgain: Bool {
        switch self {
        case .shardServed, .newerTerm, .noReport, .bulkTooEarly, .bulkTaken, .noBulk: true
        default: false
        }
    }
}
