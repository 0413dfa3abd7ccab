import MawsBase
import MawsCheckpoint
import MawsCoordinator
import MawsFiles
import MawsProtocol
import MawsRecords
import MawsReport
import MawsWire
import Testing

/// A checkpoint that is slow, given up or not kept stops no step, and the weights are what they are.
struct NodeCheckpointTests {
    private func undisturbed(steps: Int) throws -> [String] {
        let rig = try NodeRig(steps: steps)
        try rig.start()
        rig.joinAll()
        #expect(try rig.finish() == .finished)
        return try rig.weights
    }

    /// A run whose second server is a version further than the checkpoint that it has sent nothing of.
    private func held(_ change: (FakeServer) -> Void = { _ in }) throws -> (rig: NodeRig, late: PeerID) {
        let rig = try NodeRig(steps: 5)
        try rig.start()
        rig.servers[1].sendsSlices = false
        change(rig.servers[1])
        rig.joinAll()
        rig.settle { rig.servers[1].version == StepIndex(3) }
        #expect(try !rig.checkpoints.contains("mae-2"))
        return (rig, try #require(rig.id(of: rig.servers[1])))
    }

    /// It is asked again, and answers.
    private func send(_ rig: NodeRig, _ late: PeerID) {
        rig.servers[1].sendsSlices = true
        rig.node?.collector.lineOpened(late)
    }

    /// The last one of the stage is waited for.
    @Test func stepsGoOnWhileServersSendTheirSlices() throws {
        let (rig, late) = try held()
        rig.settle()
        #expect(try rig.metrics.count == 5)
        #expect(rig.log.contains("a checkpoint is due at step 4 and that of step 2 is still being taken"))
        #expect(rig.log.contains("the checkpoint at step 2 was not taken: one of a later step is taken instead"))
        #expect(try rig.status().wait?.cause == .slices && rig.stages.isEmpty)
        send(rig, late)
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.weights == undisturbed(steps: 5) && !rig.checkpoints.contains("mae-2"))
        #expect(try Folder.names(in: rig.paths.checkpoints).allSatisfy { !$0.hasSuffix(".partial") })
    }

    /// What a server sends of a version that it has left behind is that version.
    @Test func aCheckpointOfAnEarlierVersionIsThatVersion() throws {
        let prompt = try NodeRig(steps: 5)
        try prompt.start()
        prompt.joinAll()
        prompt.settle { (try? prompt.checkpoints.contains("mae-2")) == true }
        let expected = try CheckpointStore(folder: prompt.paths.checkpoints).open("mae-2").manifest.tensors
        let (rig, late) = try held()
        send(rig, late)
        rig.settle { (try? rig.checkpoints.contains("mae-2")) == true }
        #expect(try CheckpointStore(folder: rig.paths.checkpoints).open("mae-2").manifest.tensors == expected)
        #expect(try rig.finish() == .finished && rig.weights == undisturbed(steps: 5))
        #expect(!rig.log.contains("was not taken"), "\(rig.log)")
    }

    /// Steps stop for the next one, which needs no copies.
    @Test func aServerThatDoesNotKeepAVersionEndsNothing() throws {
        let (rig, late) = try held { $0.keepsVersions = false }
        send(rig, late)
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(rig.log.contains("step 2 was not taken: a server has not kept its version: no copy"), "\(rig.log)")
        #expect(try rig.weights == undisturbed(steps: 5) && !rig.log.contains("server-1 left"))
    }

    /// A server dies while a checkpoint is being taken, and comes back at a later version.
    @Test func aServerThatDiesInItCostsNoStep() throws {
        let (rig, late) = try held()
        rig.lose(late)
        rig.settle()
        #expect(rig.log.contains("step 2 was not taken: a server left while it was taken"), "\(rig.log)")
        rig.servers[1].sendsSlices = true
        rig.join(rig.servers[1])
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.metrics.count == 7 && rig.weights == undisturbed(steps: 5))
        #expect(!rig.log.contains("goes back to"), "\(rig.log)")
    }

    /// The coordinator dies while one is being taken: what there is of it is nothing.
    @Test func aCoordinatorThatDiesInItLeavesNothingThatCounts() throws {
        let (rig, _) = try held()
        #expect(try Folder.names(in: rig.paths.checkpoints).contains("mae-2.partial"))
        rig.servers[1].sendsSlices = true
        try rig.start()
        rig.joinAll()
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.weights == undisturbed(steps: 5) && !rig.log.contains("goes back to"))
        #expect(try Folder.names(in: rig.paths.checkpoints).allSatisfy { !$0.hasSuffix(".partial") })
    }

    @Test func theStatusSaysWhatIsBeingTakenAndWhatWasGivenUp() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.servers[1].sendsSlices = false
        rig.join(rig.servers[0])
        let server = rig.join(rig.servers[1])
        let idle = rig.trainer()
        idle.says = { $0.step.value == 2 ? .heartbeat : nil }
        rig.join(idle)
        rig.settle()
        rig.world.move(3)
        let status = try rig.status()
        let checkpoint = try #require(status.checkpoint)
        #expect(checkpoint.step == 2 && checkpoint.seconds >= 3 && checkpoint.late == "server-1")
        #expect(status.checkpointsGivenUp == nil)
        #expect(StatusTable.draw(status).contains("Checkpoint of step 2: being taken since 3"))
        rig.lose(server)
        rig.settle()
        #expect(try rig.status().checkpoint == nil && rig.status().checkpointsGivenUp == 1)
        #expect(try StatusTable.draw(rig.status()).contains("Checkpoints given up and begun anew: 1"))
    }
}
