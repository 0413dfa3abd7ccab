import MawsBase
import MawsPlan
import MawsProtocol
import MawsReport
import MawsTransport

/// How far a stage is and how fast it goes, for the live line and `maws-coord status`.
struct RunProgress {
    private static let skippedNamesMax = 10

    private let run: String
    private let catalog: StageCatalog
    private var recent: [(moment: Moment, images: Int)] = []
    private var loss: Double?
    private var skippedSteps = 0
    private(set) var stageStart: Moment
    private var lastCommit: Moment

    init(run: String, catalog: StageCatalog, now: Moment) {
        self.run = run
        self.catalog = catalog
        stageStart = now
        lastCommit = now
    }

    mutating func beginStage(_ now: Moment) {
        self = RunProgress(run: run, catalog: catalog, now: now)
    }

    /// `images` more were computed.
    mutating func add(images: Int, _ now: Moment) {
        recent.append((now, images))
        if recent.count > 40 { recent.removeFirst() }
    }

    /// A step is decided: its loss, and the seconds since the one before.
    mutating func commit(loss: Double, _ now: Moment) -> Double {
        defer { lastCommit = now }
        self.loss = loss
        return now.seconds(since: lastCommit)
    }

    /// The same of a step that is skipped.
    mutating func skip(loss: Double, _ now: Moment) -> Double {
        skippedSteps += 1
        return commit(loss: loss, now)
    }

    /// - Parameter productRate: FLOP/s of one large product on all trainers that are here, together.
    /// - Parameter skipped: names of the stage's samples that are passed over.
    func snapshot(
        _ core: CoordinatorCore, addresses: [PeerID: String], productRate: Double, skipped: [String], _ now: Moment
    ) -> StatusSnapshot {
        let stage = catalog[core.stage.index]
        let (done, total) = core.progress
        let rate = imagesPerSecond(now)
        let perStep = Double(stage.imagesPerStep) * (stage.shape.commits ? 1 : 1 / Double(total))
        let remaining = rate > 0 ? Double(total - done) * perStep / rate : nil
        let peers = core.peerReports(now).map { report in
            StatusSnapshot.Peer(
                name: report.name, role: report.role.rawValue, address: report.peer.flatMap { addresses[$0] } ?? "",
                doing: report.doing, isAway: report.peer == nil)
        }
        return StatusSnapshot(
            run: run, stage: stage.plan.name, stageIndex: Int(stage.index.value), stageCount: catalog.stages.count,
            step: done, stepCount: total, loss: loss, imagesPerSecond: rate, remainingSeconds: remaining, peers: peers,
            waitingFor: core.waitingFor(now), skippedSteps: skippedSteps,
            skippedSamples: skipped.count, skippedNames: Array(skipped.prefix(Self.skippedNamesMax)),
            utilisation: rate > 0
                ? Utilisation.share(operations: rate * stage.operationsPerSample(step: done), of: productRate) : nil)
    }

    private func imagesPerSecond(_ now: Moment) -> Double {
        guard let first = recent.first, recent.count > 1 else { return 0 }
        let seconds = now.seconds(since: first.moment)
        return seconds > 0 ? Double(recent.dropFirst().reduce(0) { $0 + $1.images }) / seconds : 0
    }
}
