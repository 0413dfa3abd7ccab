import Foundation
import MawsBase
import MawsPlan
import MawsProtocol
import MawsRecords
import MawsTransport

/// How far a stage is and how fast it goes, for the live line and `maws-coord status`.
package struct RunProgress {
    private static let skippedNamesMax = 10

    private let run: String
    private let catalog: StageCatalog
    private var rate: ImageRate
    private var loss: Double?
    private var skippedSteps = 0
    package private(set) var stageStart: Moment
    private var lastCommit: Moment

    package init(run: String, catalog: StageCatalog, now: Moment) {
        self.run = run
        self.catalog = catalog
        rate = ImageRate(start: now)
        stageStart = now
        lastCommit = now
    }

    package mutating func beginStage(_ now: Moment) {
        self = RunProgress(run: run, catalog: catalog, now: now)
    }

    /// So many more were computed.
    package mutating func add(images: Double) { rate.add(images) }

    /// A step is decided: its loss, and the seconds since the one before.
    package mutating func commit(loss: Double, _ now: Moment) -> Double {
        defer { lastCommit = now }
        self.loss = loss
        rate.mark(now)
        return now.seconds(since: lastCommit)
    }

    /// The same of a step that is skipped.
    package mutating func skip(loss: Double, _ now: Moment) -> Double {
        skippedSteps += 1
        return commit(loss: loss, now)
    }

    /// - Parameter silence: the longest of a server; where nobody else is waited for, it is.
    /// - Parameter productRate: FLOP/s of one large product on all trainers that are here, together.
    /// - Parameter skipped: names of the stage's samples that are skipped.
    package func snapshot(
        _ core: CoordinatorCore, peers: [PeerID: Peer], silence: HeartbeatCore.Silence?, productRate: Double,
        skipped: [String], _ now: Moment
    ) -> StatusSnapshot {
        let stage = catalog[core.shownStage.index]
        let (done, total) = core.progress
        let rate = rate.perSecond(at: now)
        let perStep = Double(stage.imagesPerStep) * (stage.shape.commits ? 1 : 1 / Double(total))
        let remaining = rate > 0 ? Double(total - done) * perStep / rate : nil
        let reports = core.peerReports(now).map { report in
            let peer = report.peer.flatMap { peers[$0] }
            return StatusSnapshot.Peer(
                name: peer?.name ?? report.title, role: report.role.rawValue, address: peer?.address ?? "",
                activity: report.activity, isAway: report.peer == nil, certificate: peer?.certificate,
                certificateDaysLeft: peer?.life?.daysLeft())
        }
        return StatusSnapshot(
            run: run, stage: stage.plan.name, stageIndex: Int(stage.index.value), stageCount: catalog.stages.count,
            step: done, stepCount: total, loss: loss, imagesPerSecond: rate, remainingSeconds: remaining,
            peers: reports,
            wait: core.wait(now) ?? silence.map { wait($0, peers) }, skippedSteps: skippedSteps,
            skippedSamples: skipped.count, skippedNames: Array(skipped.prefix(Self.skippedNamesMax)),
            mfu: rate > 0
                ? MFU.share(operations: rate * stage.operationsPerSample(step: done), of: productRate) : nil,
            phase: stage.phaseText(done: done),
            runRemainingSeconds: remaining.map { $0 + laterSeconds(stage, rate: rate, step: done) })
    }

    /// The last figures of a stage that has ended, when nobody waits any more.
    package func lastSnapshot(of stage: StageCatalog.Stage, _ snapshot: StatusSnapshot) -> StatusSnapshot {
        var last = snapshot
        (last.stage, last.stageIndex) = (stage.plan.name, Int(stage.index.value))
        (last.step, last.stepCount) = (stage.shape.total, stage.shape.total)
        (last.loss, last.wait, last.remainingSeconds, last.runRemainingSeconds) = (loss, nil, nil, nil)
        last.phase = stage.phaseText(done: stage.shape.total)
        return last
    }

    private func wait(_ silence: HeartbeatCore.Silence, _ peers: [PeerID: Peer]) -> Wait {
        Wait(
            peers[silence.peer]?.title, .silence(endedSecondsAgo: silence.endedSecondsAgo), seconds: silence.seconds)
    }

    /// Seconds of the stages after this one, if their products go at the rate at which this one's do.
    private func laterSeconds(_ stage: StageCatalog.Stage, rate: Double, step: Int) -> Double {
        let speed = rate * stage.operationsPerSample(step: step)
        let later = catalog.stages.dropFirst(Int(stage.index.value) + 1)
        let operations = later.reduce(0) { sum, stage in
            let passes = stage.shape.commits ? Double(stage.shape.stepCount) : 1
            return sum + passes * Double(stage.imagesPerStep) * stage.operationsPerSample(step: 0)
        }
        return speed > 0 ? operations / speed : 0
    }
}
