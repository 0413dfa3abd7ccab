import Foundation
import MawsBase
import MawsProtocol
import MawsTransport
import MawsWire
import Testing

/// A server takes nothing without the grant of a lease, and says what it has.
@Suite(.timeLimit(.minutes(10))) struct LeaseTests {
    private let sample = SampleModel()

    private func refusal(_ cluster: FakeCluster, _ message: Message, bytes: Int) throws -> String {
        let rude = try cluster.trainer(cluster.servers[0])
        let payload = [UInt8](repeating: 0, count: bytes)
        try? payload.withUnsafeBytes { try rude.send(message, payload: $0) }
        guard case .refused(let reason, false) = try rude.receive(timeoutSeconds: 120).message else {
            Issue.record("\(message) was taken")
            return ""
        }
        return reason
    }

    private func push(_ grant: LeaseGrant) -> Message {
        .push(
            Push(
                term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(0), block: 2,
                encoding: .fp32, grant: grant))
    }

    private func shareRows(_ unit: UInt32) -> Message {
        .shareRows(
            UnitRows(term: Term(1), stage: StageIndex(0), step: StepIndex(0), unit: UnitIndex(unit)),
            SampleModel.grant(step: 0, phase: 0))
    }

    @Test func pushesWithoutALeaseAreRefused() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let bytes = 4 * cluster.servers[0].layout(sample.table).slices[2].count
        let foreign = SampleModel.grant(step: 0, holder: "gpu-8")
        for grant in [
            .none, foreign, SampleModel.grant(step: 1), SampleModel.grant(step: 0, term: 2),
            // Whoever shares a unit's rows may not push its gradient yet.
            SampleModel.grant(step: 0, phase: 0),
        ] {
            let reason = try refusal(cluster, push(grant), bytes: bytes)
            #expect(reason.contains("of step 0, which it was not leased"), "\(reason)")
        }
    }

    @Test func rowsOfOtherSizesOrUnitsAreRefusedBeforeTheyAreRead() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        #expect(try refusal(cluster, shareRows(0), bytes: 4).contains("it shares 4 bytes of unit 0"))
        #expect(try refusal(cluster, shareRows(UInt32(SampleModel.units)), bytes: 8).contains("was not leased"))
    }

    @Test func aFlushOfWhatIsNotThereGetsNoReceipt() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let trainer = try cluster.trainer(cluster.servers[0])
        let flush = SampleModel.flush(unit: 0, step: 0)
        try trainer.send(.flush(request, flush))
        guard case .unavailable(_, let reason) = try trainer.receive(timeoutSeconds: 120).message else {
            Issue.record("it was confirmed")
            return
        }
        #expect(reason.contains("has not all of 2^0 units from 0 on"))
        try sample.push(sample.trainedBlocks.map { (0, $0) }, step: 0, to: cluster.servers[0], over: trainer)
        try trainer.send(.flush(request, flush))
        let receipt = ReceiptSeal(keys: SampleModel.keys, shard: 0).receipt(flush)
        #expect(try trainer.receive(timeoutSeconds: 120).message == .flushed(reply, receipt: receipt))
    }

    /// A trainer that was leased four units and shared one's rows has a receipt for that one alone.
    @Test func sharedRowsAreNoReceiptForNeighboursThatWereLeasedWithIt() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let trainer = try cluster.trainer(cluster.servers[0])
        let rows: [Float] = [1, 2]
        try rows.withUnsafeBytes { try trainer.send(shareRows(0), payload: $0) }
        let grant = SampleModel.grant(step: 0, phase: 0)
        var flush = SampleModel.flush(unit: 0, step: 0, grant: grant)
        flush.level = 2
        try trainer.send(.flush(request, flush))
        guard case .unavailable = try trainer.receive(timeoutSeconds: 120).message else {
            Issue.record("it was confirmed")
            return
        }
        flush.level = 0
        try trainer.send(.flush(request, flush))
        let receipt = ReceiptSeal(keys: SampleModel.keys, shard: 0).receipt(flush)
        #expect(try trainer.receive(timeoutSeconds: 120).message == .flushed(reply, receipt: receipt))
    }

    @Test func aGradientThatIsNotFiniteIsTakenOnlyWhereTheLeaseSaysSo() throws {
        let cluster = try ServerNodeTests.startedCluster(shards: 1, sample)
        let trainer = try cluster.trainer(cluster.servers[0])
        var values = [Float](repeating: 1, count: cluster.servers[0].layout(sample.table).slices[2].count)
        values[values.count / 2] = .nan
        try values.withUnsafeBytes { try trainer.send(push(SampleModel.grant(step: 0)), payload: $0) }
        try trainer.send(.flush(request, SampleModel.flush(unit: 0, step: 0)))
        #expect(try trainer.receive(timeoutSeconds: 120).message == .flushed(reply, isFinite: false))
        // Nothing of it stays: the next push of the block counts.
        let allowed = SampleModel.grant(step: 0, mayBeNonFinite: true)
        try values.withUnsafeBytes { try trainer.send(push(allowed), payload: $0) }
        try sample.push(
            sample.trainedBlocks.filter { $0 != 2 }.map { (0, $0) }, step: 0, to: cluster.servers[0], over: trainer)
        let flush = SampleModel.flush(unit: 0, step: 0, grant: allowed)
        try trainer.send(.flush(request, flush))
        let receipt = ReceiptSeal(keys: SampleModel.keys, shard: 0).receipt(flush)
        #expect(try trainer.receive(timeoutSeconds: 120).message == .flushed(reply, receipt: receipt))
    }
}
