import Foundation
import MawsBase
import MawsCoordinator
import MawsProtocol
import MawsRecords
import Testing

/// What a person is told of a run that is under way, or that is stopped.
struct RunShownTests {
    private func core(_ run: RunFixture) -> CoordinatorCore {
        CoordinatorCore(
            term: Term(1), runID: "run", stages: run.catalog.stages.map(\.shape), shardCount: 2, leaseSeconds: 60,
            position: run.position(0, 3), checkpoint: run.position(0, 2), lastCommit: nil,
            secret: Array(repeating: 1, count: 32), now: Moment(nanoseconds: 0))
    }

    @Test func theStatusSaysWhereTheRunIsAndWhomAllWaitFor() throws {
        let run = try RunFixture()
        let progress = RunProgress(run: "runs/x", catalog: run.catalog, now: Moment(nanoseconds: 0))
        let now = Moment(nanoseconds: 0) + 4
        let snapshot = progress.snapshot(
            core(run), peers: [:], silence: nil, productRate: 0, skipped: (0..<12).map { "sample \($0)" }, now)
        #expect((snapshot.stage, snapshot.stageIndex, snapshot.stageCount) == ("mae", 0, 3))
        #expect((snapshot.step, snapshot.stepCount) == (3, 6))
        #expect((snapshot.skippedSamples, snapshot.skippedNames.count) == (12, 10))
        #expect(snapshot.peers.map(\.activity) == [.away(seconds: 4), .away(seconds: 4)])
        #expect(snapshot.peers.allSatisfy { $0.isAway && $0.address.isEmpty })
        #expect(snapshot.wait == Wait(.missingShard(0, of: 2, missing: 2), seconds: 4))
        #expect(snapshot.waitingFor == "shard 0/2, away since 4.0 s (2 of 2 missing)")
    }

    /// A silent server is named where the core waits for nobody, and the core's own word comes first.
    @Test func theCoresOwnWordComesBeforeASilence() throws {
        let run = try RunFixture()
        let progress = RunProgress(run: "runs/x", catalog: run.catalog, now: Moment(nanoseconds: 0))
        var heartbeats = HeartbeatCore(now: Moment(nanoseconds: 0), lostSeconds: 10)
        let line = HeartbeatCore.Line(.server, silentSeconds: 3, readSeconds: 3)
        _ = heartbeats.tick([PeerID(1): line], now: Moment(nanoseconds: 0))
        let silence = try #require(heartbeats.longest(Moment(nanoseconds: 0)))
        let snapshot = progress.snapshot(
            core(run), peers: [:], silence: silence, productRate: 0, skipped: [], Moment(nanoseconds: 0))
        #expect(snapshot.wait?.cause == .missingShard(0, of: 2, missing: 2))
        let text = "\(Wait("server-1", .silence(endedSecondsAgo: 0.4), seconds: 7.65))"
        #expect(text == "server-1, silent for 7.6 s until 0.4 s ago")
        #expect("\(Wait("server-1", .silence(endedSecondsAgo: 0), seconds: 2.5))" == "server-1, silent for 2.5 s")
    }

    @Test func aStepTakesAsLongAsSinceTheOneBefore() throws {
        let run = try RunFixture()
        var progress = RunProgress(run: "x", catalog: run.catalog, now: Moment(nanoseconds: 0))
        #expect(progress.commit(loss: 2, Moment(nanoseconds: 1_500_000_000)) == 1.5)
        #expect(progress.skip(loss: 3, Moment(nanoseconds: 2_000_000_000)) == 0.5)
        let snapshot = progress.snapshot(
            core(run), peers: [:], silence: nil, productRate: 0, skipped: [], Moment(nanoseconds: 2_000_000_000))
        #expect(snapshot.loss == 3 && snapshot.skippedSteps == 1)
        progress.beginStage(Moment(nanoseconds: 3_000_000_000))
        #expect(progress.commit(loss: 1, Moment(nanoseconds: 4_000_000_000)) == 1)
    }

    @Test func whoStopsIsToldWhatIsKeptAndHowToGoOn() {
        let standing = RunStanding(paths: RunPaths(folder: "run"), command: "maws-coord start --plan p.yaml")
        #expect(standing.text == "Nothing was computed yet. Go on with: maws-coord start --plan p.yaml")
        standing.begin(stage: "mae (1 of 3)", steps: (0, 6), checkpoint: "mae-0")
        standing.committed(steps: 3)
        #expect(
            standing.text.hasPrefix(
                "Kept: 3 of 6 steps of stage mae (1 of 3). Newest checkpoint: run/checkpoints/mae-0; the steps since "
                    + "then are in the servers' state files. Go on with"))
        standing.took(checkpoint: "mae-3")
        #expect(standing.text.contains("Newest checkpoint: run/checkpoints/mae-3. Go on with"))
        standing.begin(stage: "linear (3 of 3)", steps: nil, checkpoint: "linear-0")
        #expect(standing.text.hasPrefix("Kept: all of the stages before linear (3 of 3), which starts over."))
    }

    /// Runs of earlier versions, or of processes with another umask, are closed at the next start.
    @Test func filesThatAreOpenToOthersAreClosedAndSaid() throws {
        let run = try RunFixture()
        let files = FileManager.default
        for path in [run.paths.metrics, "\(run.paths.state)/shard-0"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: path))
            try files.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
        }
        func mode(_ path: String) throws -> Int? {
            try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        let notes = try RunModes(paths: run.paths, access: .world).settle()
        #expect(try mode(run.paths.metrics) == 0o644)
        #expect(try mode("\(run.paths.state)/shard-0") == 0o600)
        #expect(notes.contains { $0.contains("were open to more users than run_mode world allows") }, "\(notes)")
        #expect(try RunModes(paths: run.paths, access: .owner).settle().count == 1)
        #expect(try mode(run.paths.metrics) == 0o600)
        #expect(try RunModes(paths: run.paths, access: .owner).settle() == [])
    }
}
