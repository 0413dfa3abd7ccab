import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsRecords
import MawsWire
import Testing

/// A run through the coordinator's shell, from its beginning to what it leaves: no thread, socket or sleep.
struct NodeRunTests {
    @Test func aRunGoesThroughAllItsStagesAndLeavesWhatItShould() throws {
        let rig = try NodeRig()
        try rig.start()
        let trainer = rig.joinAll()
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.metrics.map { "\($0.stage) \($0.step)" } == ["mae 0", "mae 1", "mae 2", "more 0", "more 1"])
        #expect(try rig.stages.map(\.stage) == ["mae", "more", "linear"])
        #expect(try rig.stages.last?.accuracy == 0.5)
        #expect(try rig.weights.count == 2)
        let checkpoints = try rig.checkpoints
        #expect(checkpoints.contains("mae-3") && checkpoints.contains("more-2"), "\(checkpoints)")
        // A step's loss is the sum of its units' shares; bytes are those that the servers say.
        #expect(
            try rig.metrics[1].loss == 0.5 && rig.metrics[1].bytesPushed == 20 && rig.metrics[1].bytesGathered == 40)
        #expect(rig.log.contains("stage mae (1 of 3) begins: 3 steps of 4 samples; checkpoint mae-0"))
        #expect(rig.log.contains("stage more (2 of 3) ended"))
        #expect(trainer.leases.count == 2 * 5 + 4 + 1)
        // One of the plan, which scores what it fits, and one of the result, whose weights were not kept.
        #expect(rig.world.warnings.split(separator: "\n").count == 2, "\(rig.world.warnings)")
        #expect(rig.world.drawn.contains("linear"))
    }

    @Test func whoIsHereIsToldThatTheRunIsFinished() throws {
        let rig = try NodeRig()
        try rig.start()
        let trainer = rig.joinAll()
        _ = try rig.finish()
        rig.node?.dismissPeers()
        for id in rig.servers.compactMap({ rig.id(of: $0) }) {
            #expect(rig.line(id).take().last?.message == .shutdown(isFinished: true, reason: "the run is finished"))
        }
        #expect(trainer.end == nil)
        // It needs neither certificates nor a port to say so once more.
        try rig.start()
        #expect(try rig.node?.run() == .finished)
    }

    /// What happens once the run has come this far.
    enum Disturbance: CaseIterable {
        case trainerLeavesInAStep, trainersCome, coordinatorDies, serverComesBack, serverLosesItsState
        case allLoseTheirStates, coordinatorAndStatesAreGone
    }

    /// The weights depend on the plan and the data only.
    @Test(arguments: Disturbance.allCases, [1, 2, 4])
    func theWeightsAreTheSameWhoeverComesAndGoes(what: Disturbance, steps: Int) throws {
        let undisturbed = try NodeRig()
        try undisturbed.start()
        undisturbed.joinAll()
        _ = try undisturbed.finish()
        let rig = try NodeRig()
        try rig.start()
        let trainer = rig.joinAll()
        rig.settle { (try? rig.metrics.count) == steps }
        try disturb(rig, what, trainer)
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.weights == undisturbed.weights && rig.weights.count == 2)
        #expect(try rig.metrics.map(\.step) == [0, 1, 2, 0, 1])
        #expect(try rig.metrics.map(\.loss) == undisturbed.metrics.map(\.loss))
    }

    private func disturb(_ rig: NodeRig, _ what: Disturbance, _ trainer: FakeTrainer) throws {
        switch what {
        case .trainerLeavesInAStep:
            let second = rig.trainer("trainer-1")
            second.asks = false
            second.says = { _ in .heartbeat }
            let id = rig.join(second)
            rig.turn()
            rig.turn()
            rig.lose(id)
        case .trainersCome: for name in ["trainer-1", "trainer-2"] { rig.join(rig.trainer(name)) }
        case .coordinatorDies:
            try rig.start()
            rig.joinAll()
        case .serverComesBack:
            if let id = rig.id(of: rig.servers[1]) { rig.lose(id) }
            rig.turn()
            rig.join(rig.servers[1])
        case .serverLosesItsState:
            if let id = rig.id(of: rig.servers[1]) { rig.lose(id) }
            rig.turn()
            rig.servers[1] = FakeServer(1, origin: 9)
            rig.join(rig.servers[1])
        case .allLoseTheirStates:
            for server in rig.servers { rig.id(of: server).map { rig.lose($0) } }
            rig.turn()
            rig.servers = [FakeServer(0, origin: 8), FakeServer(1, origin: 9)]
            for server in rig.servers { rig.join(server) }
        case .coordinatorAndStatesAreGone:
            rig.servers = [FakeServer(0), FakeServer(1)]
            try rig.start()
            rig.joinAll()
        }
    }

    /// A start goes on at the last commit: nothing is computed again while the servers' states are whole.
    @Test func aStartGoesOnAtTheLastCommit() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        rig.settle { (try? rig.metrics.count) == 1 }
        try rig.start()
        let trainer = rig.joinAll()
        rig.settle { (try? rig.metrics.count) == 2 }
        #expect(trainer.leases.map(\.step.value).min() == 1)
        #expect(rig.log.contains("begins: 3 steps of 4 samples, of which 1 are done; checkpoint mae-0"), "\(rig.log)")
        #expect(!rig.log.contains("goes back to"))
    }

    /// The states are gone, so the steps since the newest checkpoint are computed again, which is said.
    @Test func aStartWithoutStatesGoesBackToTheNewestCheckpoint() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        rig.settle { (try? rig.metrics.count) == 1 }
        rig.servers = [FakeServer(0), FakeServer(1)]
        try rig.start()
        rig.joinAll()
        rig.settle { rig.servers.allSatisfy { $0.version == StepIndex(0) && $0.configuration != nil } }
        #expect(rig.world.warnings.contains("goes back to checkpoint mae-0: 1 committed step is computed again"))
        #expect(try rig.finish() == .finished)
    }

    /// A server that was told of a commit and died before it applied it gets it again.
    @Test func aServerThatIsACommitShortGetsItAgain() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        let server = rig.servers[1]
        server.isDeafToCommits = true
        let id = try #require(rig.id(of: server))
        rig.settle()
        #expect(try rig.metrics.count == 1 && server.version == StepIndex(0))
        rig.lose(id)
        server.isDeafToCommits = false
        rig.turn()
        let next = rig.join(server)
        rig.settle { server.version == StepIndex(1) }
        #expect(
            rig.sent(to: next).contains {
                if case .commit(let commit) = $0 { commit.step == StepIndex(0) } else { false }
            })
        #expect(try rig.finish() == .finished)
    }

    /// What a stage left is read once more at the end: damage is found when nobody else looks any more.
    @Test func aRunThatLeavesDamagedWeightsIsNotFinished() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        rig.settle { (try? rig.stages.count) == 2 }
        try RunFixture.damage("\(rig.paths.checkpoints)/mae-3/weights.safetensors")
        let error = #expect(throws: RunFailure.self) { try rig.finish() }
        #expect(error?.sentence.contains("the final checkpoint of mae was damaged and is set aside") == true)
        #expect(try rig.checkpoints.contains("mae-3") == false)
        let undisturbed = try rig.weights.last
        try rig.start()
        rig.joinAll()
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.checkpoints.contains("mae-3") && rig.weights.last == undisturbed)
    }

    /// The steps of a stage that is not finite are skipped as often as its plan says, and no more.
    @Test(arguments: [1, 2])
    func aStepThatIsNotFiniteIsSkippedAsOftenAsThePlanSays(steps: Int) throws {
        let rig = try NodeRig(skips: 1)
        try rig.start()
        let trainer = rig.joinAll()
        trainer.changes = { done, lease in
            guard done.stage.value == 0 && done.step.value < UInt64(steps) else { return }
            (done.loss, done.isFinite) = (.nan, lease.grant.mayBeNonFinite)
        }
        if steps == 1 {
            #expect(try rig.finish() == .finished, "\(rig.log)")
            #expect(try rig.metrics.map(\.skipped) == [true, nil, nil, nil, nil])
            #expect(rig.world.warnings.contains("skipped, 1 of at most 1 in a row"))
        } else {
            let error = #expect(throws: RunFailure.self) { try rig.finish() }
            #expect(error?.sentence.contains("step 1: the loss of units 0, 1 is not finite, after 1 skipped") == true)
            #expect(try rig.metrics.count == 1)
        }
    }
}
