import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsRecords
import MawsWire
import Testing

/// A person stops a run: what is committed stays, whatever was under way, and the next start goes on.
struct NodeStopTests {
    enum State: CaseIterable { case preparing, assembling, computing, checkpointing, betweenStages, evaluating }

    @Test(arguments: State.allCases)
    func aRunThatIsStoppedGoesOnToTheSameWeights(state: State) throws {
        let undisturbed = try NodeRig()
        try undisturbed.start()
        undisturbed.joinAll()
        _ = try undisturbed.finish()
        let rig = try NodeRig()
        try rig.start()
        try bring(rig, to: state)
        rig.stop()
        rig.works = true
        #expect(try rig.finish() == .stopped, "\(rig.log)")
        #expect(rig.world.drawn.contains("Stopping: the step under way is finished or given up"))
        #expect(rig.node?.standing.text.contains("Go on with: maws-coord start --plan plan.yaml") == true)
        rig.node?.dismissPeers()
        for id in rig.servers.compactMap({ rig.id(of: $0) }) {
            let last = rig.line(id).take().last?.message
            #expect(last == .shutdown(isFinished: false, reason: "the coordinator stops"))
        }
        let committed = try rig.metrics.count
        try rig.start()
        rig.joinAll()
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.weights == undisturbed.weights && rig.metrics.count == 5 && committed <= 5)
        #expect(!rig.log.contains("goes back to"), "\(rig.log)")
    }

    private func bring(_ rig: NodeRig, to state: State) throws {
        switch state {
        case .preparing: rig.works = false
        case .assembling:
            rig.join(rig.servers[0])
            rig.settle()
        case .computing:
            for server in rig.servers { rig.join(server) }
            let idle = rig.trainer()
            idle.says = { $0.step.value == 1 ? .heartbeat : nil }
            rig.join(idle)
            rig.settle()
            #expect(try rig.metrics.count == 1)
        case .checkpointing:
            rig.joinAll()
            rig.settle { (try? rig.metrics.count) == 2 }
            rig.works = false
            rig.settle()
            #expect(try rig.status().wait?.cause == .slices)
        case .betweenStages:
            rig.joinAll()
            rig.settle { (try? rig.stages.count) == 1 }
        case .evaluating:
            rig.joinAll()
            rig.settle { (try? rig.stages.count) == 2 }
            for _ in 0..<3 { rig.turn() }
        }
    }

    /// What is kept is said as it is: the newest checkpoint is that of the moment of the stop.
    @Test func whoStopsAStepIsToldOfItsCheckpoint() throws {
        let rig = try NodeRig()
        try rig.start()
        let standing = try #require(rig.node?.standing)
        for server in rig.servers { rig.join(server) }
        let idle = rig.trainer()
        idle.says = { $0.step.value == 1 ? .heartbeat : nil }
        rig.join(idle)
        rig.settle()
        #expect(standing.text.contains("checkpoints/mae-0; the steps since then are in the servers' state files"))
        rig.stop()
        #expect(try rig.finish() == .stopped)
        #expect(standing.text.hasPrefix("Kept: 1 of 3 steps of stage mae (1 of 3). Newest checkpoint:"))
        #expect(standing.text.contains("checkpoints/mae-1. Go on with"))
        #expect(try rig.checkpoints.contains("mae-1"))
    }
}
