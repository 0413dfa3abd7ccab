import Foundation
import Logging
import MawsBase
import MawsCheckpoint
import MawsData
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
/// All decisions are made on the thread that calls `run`; other threads only receive, stream tensors and post events.
package final class CoordinatorNode {
    /// Between two lines of the log on how far a stage is.
    private static let progressSeconds = 60.0

    let options: CoordinatorOptions
    let plan: Plan
    let planJSON: [UInt8]
    let paths: RunPaths
    let catalog: StageCatalog
    let database: RunDatabase
    let identity: RunIdentity
    let checkpoints: RunCheckpoints
    let preparation: StagePreparation
    let recorder: RunRecorder
    let mailbox = Mailbox<NodeEvent>()
    let collector: CheckpointCollector
    let display = LiveDisplay(write: Console.drawLive)
    /// What is kept, for whoever stops the run.
    package let standing: RunStanding
    let logger: Logger
    let lock: FileLock

    var core: CoordinatorCore
    var progress: RunProgress
    var peers: [PeerID: Peer] = [:]
    /// What streams a checkpoint to a server, until it is told to do without.
    var restorers: [PeerID: ShardRestorer] = [:]
    /// FLOP/s of one large product on each trainer that is here. For reports alone.
    var productRates: [PeerID: Double] = [:]
    var cluster: LocalCluster?
    var holderCheck: HolderCheck?
    /// Who may take part.
    let admission: Admission
    var pendingCommit: CommitRecord?
    /// Final weights of stages that ended and are computed again.
    var hashesBefore: [StageIndex: String] = [:]
    var outcome: RunOutcome?
    var failure: String?
    var heartbeats = HeartbeatCore(now: .now())
    /// When the log last said how far the stage is.
    var progressLoggedAt = Moment.now()
    /// What is said of this process's own certificate, and when the log last said it and what it says of peers'.
    var ownWarnings: () -> [String] = { [] }
    var warnedAt = Moment.now()
    /// Viewers that asked for the status since it was made last: they are all given the same.
    var askers: Set<PeerID> = []
    /// What peers bring about, counted where it repeats.
    var remarks = RepeatedLines()

    /// Checks the plan, the data and the run folder; nothing is started yet.
    package init(_ options: CoordinatorOptions) throws {
        self.options = options
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
        logger = try RunLog.logger(path: paths.log("coordinator"))
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
        recorder = try RunRecorder(paths: paths, catalog: catalog, passed: database.passed().map(PassedSample.init))
        collector = CheckpointCollector(mailbox: mailbox)
        let now = Moment.now()
        progress = RunProgress(run: plan.run, catalog: catalog, now: now)
        core = try Self.core(opened, plan, checkpoints, logger, now)
        try keepSurvey()
    }

    /// Runs the plan to its end, or to where the user stops it. Throws when it cannot go on.
    package func run() throws -> RunOutcome {
        if isFinished { return .finished }
        let certificates = try prepareCertificates()
        let tls = try TLSIdentity(folder: certificates, role: .coordinator)
        ownWarnings = { tls.warnings }
        warn(Moment.now())
        warnOfTokens()
        var address = try Self.address(plan.cluster.listen)
        try recordStart()
        warnOfLittleDisk()
        for note in catalog.notes { logger.notice("\(note)") }
        let listener = try Listener(
            host: address.host, port: address.port, identity: tls, allowedRoles: [.server, .trainer, .viewer])
        let gate = PeerGate(
            listener: listener, mailbox: mailbox, collector: collector,
            evaluates: plan.stages.contains { !$0.trains },
            heartbeatTimeoutSeconds: plan.cluster.heartbeatTimeoutSeconds)
        holderCheck = HolderCheck(
            identity: tls, mailbox: mailbox, limitSeconds: plan.cluster.heartbeatTimeoutSeconds)
        gate.open()
        address.port = listener.port
        try AtomicFile.write("\(address)\n", to: paths.address)
        logger.info("listening at \(address), run \(identity.id), term \(identity.term.value)")
        // Until all has ended: a second signal does not wait for children either.
        let signals = StopSignals(mailbox: mailbox, standing: standing)
        defer { signals.restore() }
        defer { shutDown(gate) }
        if plan.cluster.isLocal {
            cluster = LocalCluster(programs: options.programs, paths: paths, mailbox: mailbox)
            try cluster?.start(
                plan.cluster, coordinator: "\(address)", certificates: certificates, root: options.root)
        }
        do {
            try decide()
            if outcome == .finished { try verifyFinals() }
        } catch {
            failure = "\(error)"
        }
        if let failure { throw RunFailure(sentence: "\(failure)\n\(standing.text)") }
        return outcome ?? .stopped
    }

    /// Whether the run's last stage ended in an earlier start; there is nothing left to do then.
    private var isFinished: Bool { identity.stage.map { Int($0.value) >= plan.stages.count } ?? false }

    /// The loop of the deciding thread.
    private func decide() throws {
        let beginning = core.start()
        if beginning.isEmpty { logBegin(core.committed) }
        try perform(beginning)
        while outcome == nil && failure == nil {
            for event in mailbox.take(waitingSeconds: 0.1) where failure == nil { try handle(event) }
            let now = Moment.now()
            try answerViewers(now)
            try perform(core.step(.tick, now: now))
            try cluster?.tick()
            tick(now)
            // A finished run has no stage under way; the last figures of its last one stay on the line.
            if outcome == nil { show(snapshot(now), now) }
        }
        display.finish()
    }

    func snapshot(_ now: Moment) -> StatusSnapshot {
        var snapshot = progress.snapshot(
            core, peers: peers, silence: heartbeats.longest(now), productRate: productRate,
            skipped: recorder.unreadable(of: core.stage.index), now)
        snapshot.warnings = certificateWarnings
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

    private func tick(_ now: Moment) {
        let servers = peers.values.filter { $0.role == .server }
        let silences = servers.map { ($0.id, $0.connection.silentSeconds) }
        for action in heartbeats.tick(Dictionary(uniqueKeysWithValues: silences), now: now) {
            switch action {
            case .beat: beat(now)
            case .look(let id): peers[id].map { holderCheck?.begin($0) }
            }
        }
    }

    private func beat(_ now: Moment) {
        if now.seconds(since: warnedAt) >= 86_400 { warn(now) }
        for peer in peers.values { peer.outbox.beat() }
        for line in remarks.due(now) { logger.warning("\(line)") }
    }

    /// Gives a message to the thread that writes to the peer; one that cannot be reached is dropped by it, and its
    /// receiving thread posts the loss.
    func send(_ message: Message, to peer: Peer) { peer.outbox.put(message) }

    /// Tells everybody who should end with this coordinator, waits for the children, removes the address. Machines of a
    /// remote cluster stay when the run is not finished: they look for the coordinator until it is started again.
    private func shutDown(_ gate: PeerGate) {
        display.finish()
        let isFinished = outcome == .finished
        let reason = failure ?? (isFinished ? "the run is finished" : "the coordinator stops")
        if isFinished || plan.cluster.isLocal {
            for peer in peers.values { send(.shutdown(isFinished: isFinished, reason: reason), to: peer) }
            let deadline = Moment.now() + 2
            for peer in peers.values { peer.outbox.wait(until: deadline) }
        }
        cluster?.stop(graceSeconds: 5)
        gate.close()
        for peer in peers.values { peer.end() }
        try? FileManager.default.removeItem(atPath: paths.address)
    }
}

/// A run that cannot go on, as one sentence.
package struct RunFailure: Error, CustomStringConvertible {
    package let sentence: String
    package var description: String { Secrets.hidden(in: sentence) }
}
