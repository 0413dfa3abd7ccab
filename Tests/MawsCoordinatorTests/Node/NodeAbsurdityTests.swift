import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsRecords
import MawsWire
import Testing

/// Figures that no honest process says, each of the right type: they end no run, and what they say is charged to whom
/// it comes from.
struct NodeAbsurdityTests {
    private func activity(_ name: String, _ rig: NodeRig) throws -> PeerActivity? {
        try rig.status().peers.first { $0.name == name }?.activity
    }

    /// More bytes than a database's numbers hold.
    @Test(arguments: [UInt64.max, 1 << 63, 1 << 45])
    func aServerThatMovedMoreThanAnyServerIsRefused(bytes: UInt64) throws {
        let rig = try NodeRig()
        try rig.start()
        rig.servers[1].bytesPushed = bytes
        rig.joinAll()
        rig.settle()
        #expect(rig.node?.isUnderWay == true)
        #expect(try rig.metrics.isEmpty)
        #expect(rig.world.warnings.contains("server-1 at 10.0.0.1:5000, certificate server, was refused"))
    }

    /// A rate so small that every share of it is infinite: a viewer's question must not end the run.
    @Test(arguments: [Double.leastNonzeroMagnitude, 1e308, -1, .infinity, .nan])
    func aTrainersRateIsNoMoreThanAFigure(rate: Double) throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        for name in ["trainer-0", "trainer-1"] {
            let trainer = rig.trainer(name)
            trainer.productRate = rate
            rig.join(trainer)
        }
        rig.settle { (try? rig.metrics.count) == 1 }
        rig.world.move(1)
        rig.settle { (try? rig.metrics.count) == 2 }
        #expect(try rig.status().stage == "mae")
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.metrics.allSatisfy { $0.mfu.map(\.isFinite) ?? true })
    }

    /// No number that a database can hold, or no sample that the split has.
    @Test(arguments: [
        (UInt64.max, UInt64(0), UInt64(0)), (0, .max, 0), (0, 0, .max), (12, 0, 0),
    ])
    func aSampleThatNoSplitHasIsChargedToWhoLostIt(index: UInt64, slot: UInt64, offset: UInt64) throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        let liar = rig.trainer("liar", certificate: "eve")
        let lost = LostSample(slot: slot, index: index, shard: "a.tar", member: "x", offset: offset, reason: "gone")
        liar.says = { .unitFailed(UnitFailed(lease: $0.id, reason: "no answer", sample: lost)) }
        let id = rig.join(liar)
        rig.settle()
        guard case .setAside(let fault, _)? = try activity("liar", rig) else {
            return #expect(Bool(false), "\(rig.log)")
        }
        #expect(fault == .sampleOfNoSplit(index: index))
        #expect(rig.log.contains("it says that it cannot get sample \(index), which no split has"))
        #expect(try RunFolder(rig.paths.folder).skippedSamples().isEmpty)
        rig.lose(id)
        rig.join(rig.trainer())
        #expect(try rig.finish() == .finished)
    }

    /// Shares of a loss each of which is a number, and whose sum is none: no word of one trainer ends a run in which
    /// there are others.
    @Test(arguments: [1.7e308, -1.7e308])
    func aLossThatIsNoneIsComputedAgainByAnother(loss: Double) throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        let liar = rig.trainer("liar", certificate: "eve")
        liar.changes = { done, _ in done.loss = loss }
        rig.join(liar)
        let honest = rig.trainer("honest", certificate: "gpu-1")
        rig.join(honest)
        rig.settle { (try? rig.metrics.count) == 1 }
        #expect(try rig.metrics.first?.loss == 1, "\(rig.log)")
        guard case .setAside(.falseNonFinite, _)? = try activity("liar", rig) else {
            return #expect(Bool(false), "\(rig.log)")
        }
        #expect(rig.node?.isUnderWay == true)
    }

    /// Nobody has computed with so great a term; what is above it is taken for what it is.
    @Test(arguments: [UInt64.max, 1 << 62])
    func aTermThatNoRunReachesIsNotTakenOver(term: UInt64) throws {
        let rig = try NodeRig()
        try rig.start()
        rig.servers[0].term = Term(term)
        rig.joinAll()
        #expect(try rig.finish() == .finished)
        #expect(!rig.log.contains("the run goes on under term"))
    }

    /// A server of a folder that was put back: the run takes a term above its own, durably.
    @Test func aNewerTermIsTakenOverAndKept() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.servers[0].term = Term(41)
        rig.joinAll()
        rig.settle { rig.log.contains("the run goes on under term 42") }
        #expect(rig.log.contains("server-0 knows term 41 and the run's records end at 1"), "\(rig.log)")
        try rig.start()
        rig.joinAll()
        rig.settle { rig.servers[0].term > Term(41) }
        #expect(rig.servers.map(\.term) == [Term(43), Term(43)])
    }
}
