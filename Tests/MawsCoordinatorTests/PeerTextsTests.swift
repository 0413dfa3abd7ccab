import MawsBase
import MawsCoordinator
import MawsWire
import Testing

/// What peers say, before a person reads it.
struct PeerTextsTests {
    @Test func aReasonStaysOnOneLineOfBoundedLength() {
        let reason = "no\n2026-11-28 the run is finished\u{1B}[2J" + String(repeating: "x", count: 70_000)
        guard case .unitFailed(let failed) = PeerTexts.plain(.unitFailed(UnitFailed(lease: 3, reason: reason))) else {
            return #expect(Bool(false), "it is another message now")
        }
        #expect(failed.lease == 3)
        #expect(!failed.reason.contains("\n") && !failed.reason.contains("\u{1B}"))
        #expect(failed.reason.hasPrefix("no\\n2026-11-28 the run is finished"))
        #expect(failed.reason.count < 500)
    }

    /// A sample's own path is what a person looks for: it may be longer than a reason, and is as bounded.
    @Test func aLostSampleIsNamedWithoutTheSecretsOfItsAddress() {
        let lost = LostSample(
            slot: 1, index: 2, shard: "https://me:secret@host/a.tar\n", member: String(repeating: "m", count: 900),
            offset: 512, reason: "\t")
        let told = UnitFailed(lease: 1, reason: "", sample: lost)
        guard case .unitFailed(let failed) = PeerTexts.plain(.unitFailed(told))
        else { return #expect(Bool(false), "it is another message now") }
        #expect(failed.sample?.shard.contains("secret") == false)
        #expect(failed.sample?.shard.contains("\n") == false)
        #expect(failed.sample?.member.count == 900)
        #expect(failed.sample?.reason == "\\t")
        #expect((failed.sample?.slot, failed.sample?.index, failed.sample?.offset) == (1, 2, 512))
    }

    @Test func skippedSamplesAndWhatAServerSaysAreMadePlainToo() {
        let done = UnitDone(
            lease: 1, stage: .init(0), step: .init(0), phase: 0, unit: .init(0), loss: 1, skipped: ["a\r", "b"],
            result: [10, 13], computeSeconds: 1, waitSeconds: 0)
        guard case .unitDone(let plain) = PeerTexts.plain(.unitDone(done)),
            case .unavailable(_, let reason) = PeerTexts.plain(
                .unavailable(Reply(term: Term(1), request: .none), "disk\u{7}full"))
        else { return #expect(Bool(false), "they are other messages now") }
        #expect(plain.skipped == ["a\\r", "b"])
        #expect(plain.result == [10, 13])
        #expect(reason == "disk\\u{7}full")
    }

    @Test func whatANewcomerSaysOfItselfIsMadePlain() {
        let hello = Hello(
            protocolVersion: 3, role: .trainer, name: "trainer-0", computeProfile: "fp32\n\u{1B}[2J",
            dataFingerprint: String(repeating: "f", count: 60_000), server: nil, term: Term(4), productRate: 2,
            origin: 9)
        guard case .hello(let plain) = PeerTexts.plain(.hello(hello))
        else { return #expect(Bool(false), "it is another message now") }
        #expect(plain.computeProfile == "fp32\\n\\u{1B}[2J")
        #expect(plain.dataFingerprint.count < 500)
        var others = plain
        (others.computeProfile, others.dataFingerprint) = (hello.computeProfile, hello.dataFingerprint)
        #expect(others == hello)
    }

    /// What is plain already, and what has no text, stays as it is.
    @Test(arguments: [
        Message.heartbeat, .leaseRequest(shares: [10, 13]), .statusRequest,
        .applied(Reply(term: Term(1), request: .none), stage: .init(0), step: .init(2)),
        .unavailable(Reply(term: Term(1), request: .none), "the disk is full"),
        .unitFailed(UnitFailed(lease: 1, reason: "no shard")),
    ])
    func otherMessagesStayAsTheyAre(message: Message) {
        #expect(PeerTexts.plain(message) == message)
    }
}
