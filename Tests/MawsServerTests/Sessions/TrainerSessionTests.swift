import Foundation
import MawsBase
import MawsProtocol
import MawsServer
import MawsTransport
import MawsWire
import Testing

/// One trainer's session with a shard, by scripts.
@Suite struct TrainerSessionTests {
    private typealias Channel = ScriptedChannel

    private func rig(_ sample: SampleModel = SampleModel(), bufferBytes: Int? = nil) throws -> ShardRig {
        let rig = try ShardRig(sample, bufferBytes: bufferBytes)
        try rig.restore()
        return rig
    }

    private let stage = StageIndex(0)
    private static let foreign = SampleModel.grant(step: 0, holder: "gpu-8")

    // MARK: - Refusals

    /// What a trainer does wrong, and what it is told before its line is ended.
    private static let refused: [(what: String, say: @Sendable (ShardRig, ScriptedChannel) -> Void)] = [
        (
            "it pushes 2^0 units from 1 on of step 0, which it was not leased",
            { $1.say(.push($0.push(1, 2, grant: foreign)), $0.payload($0.push(1, 2))) }
        ),
        (
            "it shares unit 0 of step 0, which it was not leased",
            { _, trainer in
                let unitRows = UnitRows(term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(0))
                trainer.say(.shareRows(unitRows, foreign), [UInt8](repeating: 0, count: 8))
            }
        ),
        (
            "it shares 12 bytes of unit 0 of step 0, which no unit of this stage has",
            { $1.say($0.shareRows(0), [UInt8](repeating: 0, count: 12)) }
        ),
        (
            "it flushes 2^0 units from 1 on of step 0, which it was not leased",
            { $1.say(.flush(request, SampleModel.flush(unit: 1, step: 0, grant: foreign))) }
        ),
    ]

    @Test(arguments: refused.indices) func whoIsNotLeasedWhatItSendsIsToldAndLeft(index: Int) throws {
        let (what, say) = Self.refused[index]
        let rig = try rig()
        let (told, end) = rig.trainer { say(rig, $0) }
        #expect(told.map(\.message) == [.refused(reason: what, mayTryAgain: false)])
        #expect("\(try #require(end))".contains("trainer-0 (trainer) at 10.0.0.9:4000"))
        #expect("\(try #require(end))".contains(what))
    }

    @Test func anotherRoleThanATrainersIsRefused() throws {
        let rig = try rig()
        let (told, _) = rig.trainer(greets: false) { trainer in
            trainer.say(
                .hello(
                    Hello(
                        protocolVersion: ProtocolVersion.current, role: .viewer, name: "v", computeProfile: "",
                        dataFingerprint: "", server: nil, term: Term(1))))
        }
        let reason = "shard 0/1 serves trainers of protocol version \(ProtocolVersion.current)"
        #expect(told.map(\.message) == [.refused(reason: reason, mayTryAgain: false)])
    }

    /// What breaks the protocol, and is not answered any more.
    private static let breaches: [(what: String, say: @Sendable (ShardRig, ScriptedChannel) -> Void)] = [
        (
            "it sent a payload where none belongs",
            { $1.say(.flush(request, SampleModel.flush(unit: 0, step: 0)), [1, 2, 3]) }
        ),
        ("it sent a message that is not for servers", { $1.say(.leaseRequest(shares: [])) }),
        (
            "it pushes unit 1 of block 0, which no plan has",
            { $1.say(.push($0.push(1, 0)), [UInt8](repeating: 0, count: 4)) }
        ),
        (
            "it pushes 8 bytes for a slice of 111 elements",
            { $1.say(.push($0.push(1, 2)), [UInt8](repeating: 0, count: 8)) }
        ),
    ]

    @Test(arguments: breaches.indices) func whoBreaksTheProtocolIsLeft(index: Int) throws {
        let (what, say) = Self.breaches[index]
        let rig = try rig()
        let (told, end) = rig.trainer { say(rig, $0) }
        #expect(told == [])
        let sentence = "\(try #require(end))"
        #expect(sentence.contains(what), "\(sentence)")
    }

    @Test func nothingIsSaidToWhoDoesNotGreet() throws {
        let rig = try rig()
        let (told, end) = rig.trainer(greets: false) { $0.say(.heartbeat) }
        #expect(told == [])
        #expect("\(try #require(end))".contains("its first message is not hello"))
    }

    @Test func whatCannotBeDecodedIsNamedAndItsMemoryIsFreeAgain() throws {
        let sample = SampleModel(encoding: .fp32Zstd)
        let rig = try rig(sample, bufferBytes: 4)
        for _ in 0..<2 {
            let (told, end) = rig.trainer { $0.say(.push(rig.push(0, 2)), [9, 9, 9, 9]) }
            #expect(told == [])
            #expect("\(try #require(end))".contains("does not keep to the protocol"))
        }
        #expect(rig.now == Moment(nanoseconds: 0), "nobody waited for memory")
    }

    // MARK: - Payloads

    /// The line breaks in the middle of a gradient: nothing of it counts, its memory is free at once.
    @Test(arguments: [0, 1, 200]) func aPayloadThatIsCutLeavesNothingBehind(cut: Int) throws {
        let rig = try rig(bufferBytes: 4)
        let push = rig.push(0, 2)
        let (_, end) = rig.trainer { $0.say(.push(push), rig.payload(push), cut: cut) }
        #expect("\(try #require(end))".contains("the script cuts it"))
        let flush = Message.flush(request, SampleModel.flush(unit: 0, step: 0))
        let again = rig.trainer { trainer in
            trainer.say(flush)
            trainer.say(.push(push), rig.payload(push))
        }
        #expect(
            again.told.map(\.message) == [
                .unavailable(reply, "shard 0/1 has not all of 2^0 units from 0 on of step 0")
            ])
        #expect(rig.now == Moment(nanoseconds: 0), "its memory was not given back")
    }

    @Test func rowsThatAreCutAreNotKept() throws {
        let rig = try rig()
        let (_, end) = rig.trainer { $0.say(rig.shareRows(0), [UInt8](repeating: 7, count: 8), cut: 3) }
        #expect(end != nil)
        let collected = rig.trainer { $0.say(.gatherRows(request, stage: stage, step: StepIndex(0))) }
        #expect(collected.told.map(\.message) == [.flushed(reply)])
    }

    /// A shard without memory reads and drops what comes, after a wait, and says so when it is asked for a receipt.
    @Test func aGradientForWhichThereIsNoMemoryIsToldAtTheNextFlush() throws {
        let rig = try rig(bufferBytes: 4)
        let (told, end) = rig.trainer { trainer in
            // Units that are no neighbours: neither sum takes the other's place.
            for unit in [0, 2] { trainer.say(.push(rig.push(unit, 2)), rig.payload(rig.push(unit, 2))) }
            for _ in 0..<2 { trainer.say(.flush(request, SampleModel.flush(unit: 2, step: 0))) }
        }
        #expect(end == nil)
        #expect(
            told.map(\.message) == [
                .unavailable(reply, "shard 0/1 has no memory for more gradients now"),
                .unavailable(reply, "shard 0/1 has not all of 2^0 units from 2 on of step 0"),
            ])
        #expect(rig.now == Moment(nanoseconds: 0) + 10)
    }

    @Test func whatIsThereAlreadyIsReadAndDropped() throws {
        let rig = try rig()
        let push = rig.push(0, 2)
        let (told, end) = rig.trainer { trainer in
            for _ in 0..<3 { trainer.say(.push(push), rig.payload(push)) }
            trainer.say(.linkRequest(origin: 5))
        }
        #expect(end == nil && told.map(\.message) == [.linkState(linkReply(5), .unknown)])
    }

    private func linkReply(_ origin: UInt64) -> Reply { Reply(term: Term(1), request: RequestNumber(origin)) }

    // MARK: - Reading

    @Test func whatIsNotHereIsDeclinedWithItsReason() throws {
        let rig = try rig()
        let (told, end) = rig.trainer { trainer in
            trainer.say(.gather(request, stage: stage, step: StepIndex(0), block: 77))
            trainer.say(.gatherRows(request, stage: stage, step: StepIndex(3)))
        }
        #expect(end == nil)
        #expect(
            told.map(\.message) == [
                .unavailable(reply, "shard 0/1 has no block 77 of that stage"),
                .unavailable(reply, "shard 0/1 has no rows of step 3"),
            ])
    }

    /// Another thread lets the time go by meanwhile, as a server's does.
    @Test func aVersionThatDoesNotComeIsDeclinedAfterHalfAMinute() throws {
        let rig = try rig()
        let (host, passing) = (rig.host, rig.passing)
        let isDone = DispatchSemaphore(value: 0)
        let ticking = Background {
            while isDone.wait(timeout: .now()) == .timedOut {
                passing(1)
                try host.tick()
            }
        }
        let (told, _) = rig.trainer { $0.say(.gather(request, stage: stage, step: StepIndex(1), block: 1)) }
        isDone.signal()
        try ticking.wait()
        #expect(told.map(\.message) == [.unavailable(reply, "version 1 did not come to shard 0/1 in 30 s")])
    }
}
