import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// Who is let in: a peer that says what its certificate says, a trainer that computes the run's bits.
struct AdmissionTests {
    private static let profile = ComputeProfile(kind: .reference, library: "OpenBLAS 0.3.21", kernels: "a", loops: "b")

    private func hello(
        _ role: Role = .trainer, name: String = "trainer-0", data: String = "data",
        computes: String = profile.description, host: String? = nil, version: UInt32 = ProtocolVersion.current
    ) -> Hello {
        Hello(
            protocolVersion: version, role: role, name: name, computeProfile: computes, dataFingerprint: data,
            server: host.map {
                ServerHello(
                    shard: ShardIdentity(index: 0, count: 1), host: $0, port: 1, runID: "", stage: StageIndex(0),
                    step: StepIndex(0), hasReduced: false)
            }, term: Term(0))
    }

    private func admission(profile: ComputeProfile? = nil, isBitIdentical: Bool = true) -> Admission {
        Admission(fingerprint: "data", profile: profile, isBitIdentical: isBitIdentical)
    }

    @Test func whoSaysWhatItsCertificateSaysIsServed() {
        #expect(Admission.refusal(of: hello(), certified: .trainer) == nil)
        #expect(Admission.refusal(of: hello(.viewer), certified: .viewer) == nil)
        #expect(Admission.refusal(of: hello(.server, host: "10.0.0.1"), certified: .server) == nil)
    }

    @Test func noRoleIsTakenThatTheCertificateDoesNotGive() {
        for (role, certified) in [(Role.server, Role.trainer), (.trainer, .viewer), (.viewer, .server)] {
            #expect(
                Admission.refusal(of: hello(role, host: "h"), certified: certified)
                    == .otherRole(role, certified: certified))
        }
    }

    @Test func anotherVersionIsToldBeforeAnythingElse() {
        let other = hello(.viewer, name: "", version: ProtocolVersion.current + 1)
        #expect(Admission.refusal(of: other, certified: .trainer) == .otherVersion(ProtocolVersion.current + 1))
    }

    @Test func aServerIsOfAShardAndReachable() {
        #expect(Admission.refusal(of: hello(.server), certified: .server) == .noShard)
        #expect(Admission.refusal(of: hello(.server, host: "a b"), certified: .server) == .noHost("a b"))
    }

    /// It would be looked for there, and might take a server's place.
    @Test(arguments: [Role.trainer, .viewer])
    func nobodyElseIsOfAShard(role: Role) {
        #expect(Admission.refusal(of: hello(role, host: "10.0.0.1"), certified: role) == .noServer(role))
    }

    @Test(arguments: ["trainer-0", "a", "GPU_7.example", String(repeating: "n", count: 64)])
    func aNameIsAWord(name: String) {
        #expect(Admission.refusal(of: hello(name: name), certified: .trainer) == nil)
    }

    @Test(arguments: ["", "two words", "line\n", "naïve", "a/b", String(repeating: "n", count: 65)])
    func whatIsShownAsANameIsNoOtherText(name: String) {
        #expect(Admission.refusal(of: hello(name: name), certified: .trainer) == .noName(name))
    }

    @Test func aTrainerOfAnotherProfileThanTheRunsIsRefusedHoweverEarlyItComes() {
        let admission = admission(profile: Self.profile)
        var other = Self.profile
        other.loops = "c"
        #expect(
            admission.admit(hello(computes: other.description))
                == .refused(.otherProfile(other, expected: Self.profile)))
        #expect(admission.admit(hello()) == .admitted(Self.profile))
    }

    @Test func otherDataAreRefused() {
        let admission = admission(profile: Self.profile)
        #expect(admission.admit(hello(data: "other")) == .refused(.otherData("other", expected: "data")))
        #expect(admission.admit(hello(data: "")) == .refused(.otherData("", expected: "data")))
        #expect(admission.admit(hello(computes: "fast")) == .refused(.noProfile("fast")))
    }

    @Test func withoutBitIdentityAnyProfileWillDo() {
        let admission = admission(profile: Self.profile, isBitIdentical: false)
        var other = Self.profile
        other.library = "another"
        #expect(admission.admit(hello()) == .admitted(Self.profile))
        #expect(admission.admit(hello(computes: other.description)) == .admitted(other))
        #expect(admission.admit(hello(computes: "")) == .refused(.noProfile("")))
    }
}
