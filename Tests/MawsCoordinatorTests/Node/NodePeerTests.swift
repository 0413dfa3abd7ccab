import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsRecords
import MawsTransport
import MawsWire
import Testing

/// Who comes, goes, lies or falls silent, as the coordinator's shell has it.
struct NodePeerTests {
    private func reason(_ messages: [Message]) -> (text: String, mayTryAgain: Bool)? {
        messages.lazy.compactMap { if case .refused(let reason, let again) = $0 { (reason, again) } else { nil } }.first
    }

    @Test func aServerOfAnotherCountIsRefusedForGood() throws {
        let rig = try NodeRig()
        try rig.start()
        let id = rig.join(FakeServer(0, of: 3))
        rig.settle()
        let refusal = try #require(reason(rig.sent(to: id)))
        #expect(refusal.text.contains("this run has 2 shards") && !refusal.mayTryAgain)
        #expect(rig.world.warnings.contains("server-0 at 10.0.0.1:5000, certificate server, was refused"))
    }

    /// A process that dials again is not a second holder of its shard: its newer connection counts at once.
    @Test func aServerThatDialsAgainTakesItsOwnPlace() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        rig.settle { (try? rig.metrics.count) == 1 }
        let old = try #require(rig.id(of: rig.servers[0]))
        let line = rig.line(old)
        let new = rig.join(rig.servers[0])
        rig.turn()
        #expect(line.isEnded && reason(rig.sent(to: new)) == nil)
        #expect(try rig.finish() == .finished, "\(rig.log)")
    }

    @Test func anotherServerOfAShardHasToTryAgain() throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        rig.settle()
        let other = rig.join(FakeServer(0, origin: 9))
        rig.settle()
        let refusal = try #require(reason(rig.sent(to: other)))
        #expect(refusal.text.contains("shard 0/2 is already served by server-0") && refusal.mayTryAgain)
    }

    /// Whoever has the state takes the place of a holder that was not heard of for 3 s; who has none waits.
    @Test(arguments: [true, false])
    func aSilentServerMakesRoomForOneThatHasItsState(hasState: Bool) throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        rig.settle { (try? rig.metrics.count) == 1 }
        rig.settle { rig.servers[0].version == StepIndex(1) }
        let holder = try #require(rig.id(of: rig.servers[0]))
        let line = rig.line(holder)
        line.fall(silentFor: 3.5)
        var hello = rig.servers[0].hello
        hello.origin = 77
        let other = FakeServer(0, origin: 77)
        let id = hasState ? rig.join(other, as: hello) : rig.join(other)
        rig.turn()
        #expect(line.isEnded == hasState)
        #expect((reason(rig.sent(to: id)) == nil) == hasState)
    }

    /// Somebody finds out what became of a server once it was silent for 3 s, once a silence.
    @Test func aSilentServerIsLookedForOnce() throws {
        let rig = try NodeRig()
        try rig.start()
        let node = try #require(rig.node)
        rig.joinAll()
        rig.settle { (try? rig.metrics.count) == 1 }
        nonisolated(unsafe) var looked: [PeerID] = []
        node.lookFor = { looked.append($0.id) }
        let id = try #require(rig.id(of: rig.servers[1]))
        for silence in [2.9, 3.0, 3.5, 9] {
            rig.line(id).fall(silentFor: silence)
            node.turn(waitingSeconds: 0)
        }
        #expect(looked == [id])
        rig.line(id).fall(silentFor: 0)
        node.turn(waitingSeconds: 0)
        rig.line(id).fall(silentFor: 3.2)
        node.turn(waitingSeconds: 0)
        #expect(looked == [id, id])
    }

    /// Whatever it is: a trainer's unit goes to another, a server is waited for, a viewer is named.
    @Test func whoIsSilentForTooLongWhileItsLineIsReadIsLost() throws {
        let rig = try NodeRig()
        try rig.start()
        let node = try #require(rig.node)
        rig.joinAll()
        let viewer = rig.joinViewer()
        rig.settle { (try? rig.metrics.count) == 1 }
        let server = try #require(rig.id(of: rig.servers[1]))
        for id in [server, viewer.id] {
            rig.line(id).fall(silentFor: 10.5)
            node.turn(waitingSeconds: 0)
            #expect(!rig.line(id).isEnded, "nobody reads its line")
            rig.read(id)
        }
        for _ in 0..<130 {
            rig.world.move(0.1)
            node.turn(waitingSeconds: 0)
        }
        #expect(rig.line(server).isEnded && viewer.line.isEnded)
        let why = "nothing came from it for 10.5 s; check that it runs and is not overloaded"
        #expect(rig.log.contains("server-1 left: \(why); the step waits for shard 1/2"), "\(rig.log)")
        #expect(rig.log.contains("viewer left: \(why)"), "\(rig.log)")
    }

    @Test func aTrainerOfOtherDataOrAnotherProfileIsToldWhatDiffers() throws {
        let rig = try NodeRig()
        try rig.start()
        let other = FakeTrainer("trainer-0", catalog: rig.catalog, profile: "onednn; oneDNN 2.6.3; avx2; avx2")
        rig.join(other)
        rig.settle()
        #expect(other.refusal?.contains("its backend is onednn and not reference") == true, "\(other.refusal ?? "")")
        var hello = other.hello(knowsData: true)
        hello.dataFingerprint = "another"
        let id = rig.join(rig.trainer("trainer-1"), as: hello)
        rig.settle()
        #expect(reason(rig.sent(to: id))?.text.contains("data") == true)
        for server in rig.servers { rig.join(server) }
        rig.settle()
        #expect(try other.leases.isEmpty && rig.metrics.isEmpty)
    }

    @Test func aNameThatIsTakenGetsANumberAndAWord() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        rig.join(rig.trainer("trainer-0", certificate: "gpu-7"))
        rig.turn()
        #expect(rig.world.warnings.contains("is called trainer-0-2 here"))
        let names = try rig.status().peers.map(\.name)
        #expect(names.contains("trainer-0") && names.contains("trainer-0-2"), "\(names)")
    }

    /// What a trainer says to be done and the shards do not have is charged to it, and others compute it.
    @Test func aFalseResultSetsItsTrainerAsideAndNobodyElse() throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        let liar = rig.trainer("liar", certificate: "eve")
        liar.changes = { done, _ in done.receipt = .none }
        let id = rig.join(liar)
        rig.settle()
        #expect(try rig.metrics.isEmpty)
        let shown = try #require(try rig.status().peers.first { $0.name == "liar" })
        guard case .setAside(.unitMissing, _) = shown.activity else { return #expect(Bool(false), "\(shown)") }
        #expect(shown.doing.contains("the shards do not have it") && shown.certificate == "eve")
        #expect(rig.log.contains("liar (eve) is set aside for 5 s"))
        rig.lose(id)
        rig.join(rig.trainer())
        #expect(try rig.finish() == .finished, "\(rig.log)")
    }

    @Test(arguments: ["{}", "no JSON", ""])
    func anEvaluationsResultThatIsNoneIsChargedToItsTrainer(result: String) throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        let liar = rig.trainer("liar", certificate: "eve")
        liar.changes = { done, _ in if done.phase == 1 { done.result = Array(result.utf8) } }
        let id = rig.join(liar)
        rig.settle()
        #expect(rig.log.contains("the result of its unit 0 is not what stage linear has"), "\(rig.log)")
        #expect(try rig.stages.count == 2)
        rig.lose(id)
        rig.join(rig.trainer())
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try rig.stages.last?.accuracy == 0.5)
    }

    /// The only trainer cannot get a sample: the run excludes it, durably, and leases name it from then on.
    @Test func aSampleThatNobodyGetsIsExcluded() throws {
        let rig = try NodeRig()
        try rig.start()
        for server in rig.servers { rig.join(server) }
        let trainer = rig.trainer()
        let lost = LostSample(slot: 1, index: 5, shard: "images.tar", member: "05", offset: 1024, reason: "gone")
        trainer.says = { lease in
            lease.excluded.isEmpty && lease.step.value == 0 && lease.unit.value == 1 && lease.stage.value == 0
                ? .unitFailed(UnitFailed(lease: lease.id, reason: "no answer", sample: lost)) : nil
        }
        rig.join(trainer)
        rig.settle { (try? rig.metrics.count) == 1 }
        #expect(trainer.leases.contains { $0.excluded == [5] && $0.unit.value == 1 })
        #expect(rig.world.warnings.contains("no trainer gets a sample, which the run excludes"))
        #expect(try RunFolder(rig.paths.folder).skippedSamples().count == 1)
        #expect(try rig.status().skippedSamples == 1)
        // After a start, too.
        try rig.start()
        rig.joinAll()
        #expect(try rig.status().skippedSamples == 1)
        #expect(try rig.finish() == .finished, "\(rig.log)")
        #expect(try RunFolder(rig.paths.folder).skippedSamples().count == 1)
    }

    /// More unreadable samples than the split allows is no peer's fault: the run ends, and names them.
    @Test func tooManyUnreadableSamplesEndTheRun() throws {
        let rig = try NodeRig()
        try rig.start()
        let trainer = rig.joinAll()
        trainer.changes = { done, _ in done.skipped = ["bad \(done.unit.value)"] }
        let error = #expect(throws: RunFailure.self) { try rig.finish() }
        #expect(error?.sentence.contains("found 2 unreadable samples and skip_limit allows 1") == true)
        #expect(error?.sentence.contains("bad 0") == true && error?.sentence.contains("Go on with: maws-coord") == true)
    }

    @Test func aReportThatIsNotOfTheServersSlicesIsRefused() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.servers[1].chunkSquare = -1
        rig.joinAll()
        rig.settle()
        #expect(try rig.metrics.isEmpty)
        let id = try #require(rig.id(of: rig.servers[1]))
        #expect(reason(rig.sent(to: id))?.mayTryAgain == true)
        #expect(rig.node?.isUnderWay == true)
    }

    @Test func whatIsNotOnesRoleIsRefusedAndCounted() throws {
        let rig = try NodeRig()
        try rig.start()
        let viewer = rig.joinViewer()
        rig.say(.leaseRequest(), from: viewer.id)
        rig.settle()
        #expect(viewer.line.isFinishing)
        let server = rig.join(rig.servers[0])
        for _ in 0..<50 { rig.say(.unavailable(Reply(term: Term(1), request: .none), "no memory"), from: server) }
        rig.settle()
        let lines = rig.log.split(separator: "\n").filter { $0.contains("server-0 says: no memory") }
        #expect(lines.count < 12, "\(lines.count)")
        rig.wait(11)
        #expect(rig.log.contains("more like it"))
    }

    /// All that asked since the last turn are shown one picture.
    @Test func viewersThatAskTogetherSeeTheSame() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.joinAll()
        let viewers = (0..<3).map { _ in rig.joinViewer() }
        rig.turn()
        for viewer in viewers.prefix(2) {
            rig.say(.statusRequest, from: viewer.id)
            rig.say(.statusRequest, from: viewer.id)
        }
        rig.turn()
        #expect(viewers[0].line.newest != nil && viewers[0].line.newest == viewers[1].line.newest)
        #expect(viewers.map(\.line.replacedCount) == [1, 1, 0])
        rig.lose(viewers[0].id)
        rig.turn()
        #expect(!rig.log.contains("viewer left"))
    }

    /// The last days of a certificate are said when its holder comes and once a day.
    @Test func certificatesThatEndSoonAreSaidOnceADay() throws {
        let rig = try NodeRig()
        try rig.start()
        let life = CertificateLife(endSeconds: Int(Date().timeIntervalSince1970) + 3 * 86_400 + 60)
        rig.join(rig.servers[0], life: life)
        rig.settle()
        func count() -> Int { rig.world.warnings.components(separatedBy: "expires in 3 days").count - 1 }
        #expect(count() == 1)
        #expect(try rig.status().warnings.count == 1)
        rig.world.move(86_399)
        rig.settle()
        #expect(count() == 1)
        rig.world.move(2)
        rig.settle()
        #expect(count() == 2)
    }

    /// Who keeps all others waiting has a name, in a restore and in a checkpoint.
    @Test func theServerWhoseSlicesAreMissingIsNamed() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.join(rig.servers[0])
        rig.settle()
        rig.opensBulk = false
        let late = rig.join(rig.servers[1])
        rig.settle()
        #expect(try rig.status().waitingFor?.hasPrefix("server-1, which receives its shard, since") == true)
        rig.lose(late)
        rig.opensBulk = true
        rig.servers[1].sendsSlices = false
        rig.join(rig.servers[1])
        rig.join(rig.trainer())
        rig.settle()
        let waited = try rig.status().waitingFor
        #expect(
            waited?.hasPrefix("server-1, which sends its slices for the checkpoint, since") == true, "\(waited ?? "")")
    }

    /// What is waited for on a connection that does not come has an end: the server is told so, and may try again.
    @Test func aServerThatOpensNoConnectionForTensorsIsRefused() throws {
        let rig = try NodeRig()
        try rig.start()
        rig.opensBulk = false
        let ids = rig.servers.map { rig.join($0) }
        rig.wait(9)
        #expect(reason(rig.sent(to: ids[0])) == nil)
        rig.wait(3)
        for id in ids {
            let refusal = try #require(reason(rig.sent(to: id)))
            #expect(refusal.text.contains("it has opened no connection for tensors for 10 s") && refusal.mayTryAgain)
            #expect(rig.sent(to: id).count { $0.kind == .refused } == 1)
            rig.lose(id)
        }
        rig.opensBulk = true
        rig.joinAll()
        #expect(try rig.finish() == .finished)
    }

    /// Every second everybody is told something, and every minute the log says how far the stage is.
    @Test func thePulseOfARun() throws {
        let rig = try NodeRig()
        try rig.start()
        let server = rig.join(rig.servers[0])
        rig.settle()
        rig.wait(10)
        #expect((9...10).contains(rig.line(server).beats))
        rig.world.move(55)
        rig.turn()
        #expect(rig.log.contains("mae 0/3") || rig.log.contains("step 0"), "\(rig.log)")
    }
}
