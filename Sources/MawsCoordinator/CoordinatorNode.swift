import Foundation
import Logging
import MawsBase
import MawsCheckpoint
import MawsDataFiles
import MawsDatabase
import MawsFiles
import MawsHash
import MawsPlan
import MawsProcess
import MawsProtocol
import MawsRecords
import MawsReport
import MawsTransport
import MawsWire

/// How a run ended.
package enum RunOutcome: Hashable, Sendable {
    case finished
    /// Stopped by the user; started again it goes on.
    case stopped
}

/// The coordinator: runs the core's actions against the disk, the network and child processes.
///
/// All decisions are made on the thread that calls `begin`, `turn` and `result`; others only receive, stream tensors
/// and post events. `run` joins it to this machine; what drives it elsewhere posts events and reads what leaves.
package final class CoordinatorNode {
    /// Between two lines of the log on how far a stage is.
    private static let progressSeconds = 60.0

    let options: CoordinatorOptions
    let world: CoordinatorWorld
    let plan: Plan
    let planJSON: [UInt8]
    let paths: RunPaths
    let catalog: StageCatalog
    let database: RunDatabase
    let identity: RunIdentity
    let checkpoints: RunCheckpoints
    let preparation: StagePreparation
    let recorder: RunRecorder
    package let mailbox = Mailbox<NodeEvent>()
    package let collector: CheckpointCollector
    let display: LiveDisplay
    /// What is kept, for whoever stops the run.
    package let standing: RunStanding
    let logger: Logger
    let lock: FileLock

    var core: CoordinatorCore
    var progress: RunProgress
    var peers: [PeerID: Peer] = [:]
    /// What streams a checkpoint to a server that asks for it, until it is told to do without.
    var restorers: [PeerID: ShardRestorer] = [:]
    /// FLOP/s of one large product on each trainer that is here. For reports alone.
    var productRates: [PeerID: Double] = [:]
    /// The processes of a local cluster.
    package var children: LocalCluster?
    /// Finds out what became of a silent server.
    package var lookFor: (Peer) -> Void = { _ in }
    /// Who may take part.
    let admission: Admission
    var pendingCommit: CommitRecord?
    /// Final weights of stages that ended and are computed again.
    var hashesBefore: [StageIndex: String] = [:]
    var outcome: RunOutcome?
    var failure: String?
    var heartbeats: HeartbeatCore
    /// When the log last said how far the stage is.
    var progressLoggedAt: Moment
    /// What is said of this process's own certificate, and when the log last said it and what it says of peers'.
    var ownWarnings: () -> [String] = { [] }
    var warnedAt: Moment
    /// Viewers that asked for the status since it was made last: they are all given the same.
    var askers: Set<PeerID> = []
    /// What peers bring about, counted where it repeats.
    var remarks = RepeatedLines()

    /// Checks the plan, the data and the run folder; nothing is started yet.
    package init(_ options: CoordinatorOptions, world: CoordinatorWorld = .real) throws {
        (self.options, self.world) = (options, world)
        display = LiveDisplay(write: world.draw)
        plan = try Self.loadPlan(options)
        planJSON = plan.canonicalJSON
        paths = RunPaths(folder: plan.run)
        standing = RunStanding(paths: paths, command: options.command)
        let modes = RunModes(paths: paths, access: plan.access ?? .owner)
        modes.withhold()
        catalog = try StageCatalog(plan: plan, root: options.root, survey: Self.earlierSurvey(paths))
        try Self.checkFolder(paths)
        for folder in paths.all { try Folder.make(folder, mode: paths.unreadable.contains(folder) ? 0o700 : 0o755) }
        lock = try Self.lock(paths)
        logger = try RunLog.logger(path: paths.log("coordinator"), warn: world.warn)
        for note in try modes.settle() { logger.notice("\(note)") }
        let store = try CheckpointStore(folder: paths.checkpoints)
        let planHash = Hash.hexadecimal(of: plan.fixedJSON)
        let opened = try RunOpening(
            plan: plan, planHash: planHash, paths: paths, catalog: catalog, store: store, logger: logger
        ).open()
        (database, identity) = (opened.database, opened.identity)
        try database.replacePlan(planJSON)
        try AtomicFile.write(Self.planText(plan), to: paths.plan)
        checkpoints = RunCheckpoints(
            catalog: catalog, store: store, runID: identity.id, keep: plan.checkpoint.keep)
        preparation = StagePreparation(
            plan: plan, planHash: planHash, runID: identity.id, catalog: catalog, checkpoints: checkpoints)
        let profile = try RunProfile.settled(plan, identity)
        if let profile { try database.setComputeProfile(profile.description) }
        admission = Admission(fingerprint: catalog.fingerprint, profile: profile, isBitIdentical: plan.bitIdentity)
        let excluded = try database.excluded().map(ExcludedSample.init)
        recorder = try RunRecorder(paths: paths, catalog: catalog, excluded: excluded)
        collector = CheckpointCollector(mailbox: mailbox, world: world)
        let now = world.now()
        heartbeats = HeartbeatCore(now: now, lostSeconds: plan.cluster.heartbeatTimeoutSeconds)
        (progressLoggedAt, warnedAt) = (now, now)
        progress = RunProgress(run: plan.run, catalog: catalog, now: now)
        core = try Self.core(opened, plan, checkpoints, logger, now)
        try keepSurvey()
    }

    /// Whether the run's last stage ended in an earlier start; there is nothing left to do then.
    package var isFinished: Bool { identity.stage.map { Int($0.value) >= plan.stages.count } ?? false }

    /// Whether there is something to decide still.
    package var isUnderWay: Bool { outcome == nil && failure == nil }

    /// What comes before the first event.
    package func begin() {
        attempt {
            let actions = core.start()
            if actions.isEmpty { logBegin(core.committed) }
            try perform(actions)
        }
    }

    /// Handles what happened since the last turn, and does what is due. Waits at most so many seconds for something to
    /// happen. What goes wrong here holds for everybody, and ends the run.
    package func turn(waitingSeconds: Double) {
        attempt {
            for event in mailbox.take(waitingSeconds: waitingSeconds) where failure == nil { try handle(event) }
            let now = world.now()
            try answerViewers(now)
            try perform(core.step(.tick, now: now))
            try children?.tick()
            try tick(now)
            // A finished run has no stage under way; the last figures of its last one stay on the line.
            if outcome == nil { show(snapshot(now), now) }
        }
    }

    /// What came of it, after the last turn.
    package func result() throws -> RunOutcome {
        display.finish()
        if outcome == .finished, failure == nil { attempt { try verifyFinals() } }
        if let failure { throw RunFailure(sentence: "\(failure)\n\(standing.text)") }
        return outcome ?? .stopped
    }

    private func attempt(_ body: () throws -> Void) {
        do { try body() } catch { failure = failure ?? "\(error)" }
    }

    /// The files that have to say what the database says.
    var recordFiles: RecordFiles { RecordFiles(paths: paths, catalog: catalog, database: database) }

    func snapshot(_ now: Moment) -> StatusSnapshot {
        var snapshot = progress.snapshot(
            core, peers: peers, silence: heartbeats.longest(now), productRate: productRate,
            skipped: recorder.unreadable(of: core.stage.index), now)
        snapshot.warnings = certificateWarnings
        if snapshot.wait?.cause == .slices { snapshot.wait?.name = lateWithSlices }
        snapshot.checkpoint = core.checkpointBeside(now).map { beside in
            StatusSnapshot.CheckpointProgress(step: beside.step.value, seconds: beside.seconds, late: lateWithSlices)
        }
        snapshot.checkpointsGivenUp = core.checkpointsGivenUp > 0 ? core.checkpointsGivenUp : nil
        return snapshot
    }

    /// The rate of all trainers together.
    var productRate: Double {
        productRates.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
    }

    private func show(_ snapshot: StatusSnapshot, _ now: Moment) {
        display.show(snapshot, at: now)
        guard now.seconds(since: progressLoggedAt) >= Self.progressSeconds else { return }
        progressLoggedAt = now
        logger.info("\(LiveLine.log(snapshot))")
    }

    private func tick(_ now: Moment) throws {
        for action in heartbeats.tick(peers.mapValues { $0.beats(now) }, now: now) {
            switch action {
            case .beat: beat(now)
            case .look(let id): peers[id].map(lookFor)
            case .lose(let id, let seconds): try loseSilent(id, seconds, now)
            }
        }
        refuseServersWithoutBulk(now)
    }

    private func beat(_ now: Moment) {
        if now.seconds(since: warnedAt) >= 86_400 { warn(now) }
        for peer in peers.values {
            peer.outbox.beat()
            peer.bulk.beat()
        }
        for line in remarks.due(now) { logger.warning("\(line)") }
    }

    /// Gives a message to the thread that writes to the peer; one that cannot be reached is dropped by it, and its
    /// receiving thread posts the loss.
    func send(_ message: Message, to peer: Peer) { peer.outbox.put(message) }
}

/// A run that cannot go on, as one sentence.
package struct RunFailure: Error, CustomStringConvertible {
    package let sentence: String
    package var description: String { Secrets.hidden(in: sentence) }
}
