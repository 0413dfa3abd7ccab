import MawsBase
import MawsCompression
import MawsProtocol
import MawsServer
import MawsWire

/// What a coordinator and trainers say to the only shard of a sample's run.
class ShardTalk {
    static let shard = ShardIdentity(index: 0, count: 1)
    static let hello = Message.hello(
        Hello(
            protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0", computeProfile: "",
            dataFingerprint: "", server: nil, term: Term(1)))

    let sample: SampleModel
    /// What answers the newest configuration says.
    private(set) var reply = Reply(term: Term(0), request: .none)

    init(_ sample: SampleModel) { self.sample = sample }

    func slice(_ block: Int) -> Range<Int> { ShardLayout(table: sample.table, shard: Self.shard).slices[block] }

    // MARK: - The coordinator

    func configuration(keepsState: Bool = false) -> ServerConfiguration {
        reply = Reply(term: Term(1), request: RequestNumber(reply.request.value + 7))
        var configuration = sample.configuration(keepsState: keepsState, term: 1)
        configuration.request = reply.request
        return configuration
    }

    func say(_ block: Int, _ part: WeightPart, on channel: ScriptedChannel, cut: Int? = nil) {
        let slice = TensorSlice(stage: StageIndex(0), step: StepIndex(0), block: UInt32(block), part: part)
        channel.say(.restore(reply.request, slice), sample.start(part, block, self.slice(block)), cut: cut)
    }

    // MARK: - Trainers

    func push(_ unit: Int, _ block: Int, step: UInt64 = 0, grant: LeaseGrant? = nil) -> Push {
        Push(
            term: Term(1), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit)),
            block: UInt32(block), encoding: sample.encoding, grant: grant ?? SampleModel.grant(step: step))
    }

    func payload(_ push: Push) -> [UInt8] {
        let values = sample.gradient(
            step: push.step.value, unit: Int(push.unit.value), block: Int(push.block), slice: slice(Int(push.block)))
        return values.withUnsafeBytes { TensorCodec.encode($0, as: push.encoding) }
    }

    func shareRows(_ unit: Int, step: UInt64 = 0) -> Message {
        .shareRows(
            UnitRows(term: Term(1), stage: StageIndex(0), step: StepIndex(step), unit: UnitIndex(UInt32(unit))),
            SampleModel.grant(step: step, phase: 0))
    }
}
