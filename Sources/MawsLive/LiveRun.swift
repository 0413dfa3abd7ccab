import Foundation
import Glibc
import MawsBase

/// Runs a plan twice, once undisturbed and once under faults, by real processes, and holds the second run against the
/// first. One thread decides everything: it starts processes, watches commits, begins and ends faults, 200 times a
/// second; only what passes on the links has threads of its own.
package final class LiveRun {
    private static let tickMicroseconds: UInt32 = 5000
    private let options: LiveOptions
    private let cluster: LiveCluster
    private var voice: ProgressVoice
    private var watch: CommitWatch
    private var hand: FaultHand
    private var source: FaultSource
    private var record: LiveRecord
    private var firstCommit: Double?
    private var lastChange: Double
    private var bytesAtCommit = 0
    private var bytesOfStep = 0.0
    /// In a sequence: so many steps are to be committed after a fault before the next one.
    private var commitsNeeded = 1
    private var nextAt = 0.0
    /// When the processes' memory and descriptors are looked at again.
    private var nextSample = 0.0

    /// Both runs to their end; where no commit comes for `stallSeconds`, that is a difference. What is wrong with plan
    /// or schedule is told before anything is run.
    package static func record(_ options: LiveOptions, say: @escaping (String) -> Void) throws -> LiveRecord {
        let plan = try LivePlan(path: options.plan, servers: options.servers, trainers: options.trainers)
        let source = try options.source(servers: plan.servers, trainers: plan.trainers)
        var voice = ProgressVoice(say)
        let reference = try UndisturbedRun(options).evidence(&voice)
        let run = try LiveRun(options, plan, source, voice)
        try run.finish()
        run.sumUp(reference)
        return run.record
    }

    private init(_ options: LiveOptions, _ plan: LivePlan, _ source: FaultSource, _ voice: ProgressVoice) throws {
        (self.options, self.source, self.voice) = (options, source, voice)
        record = LiveRecord(plan: options.plan, seed: options.seed, servers: plan.servers, trainers: plan.trainers)
        cluster = try LiveCluster(
            plan, folder: options.folder + "/disturbed", programs: options.programs, dataRoot: options.dataRoot)
        record.processes = cluster.all.map { LiveRecord.ProcessRecord(name: "\($0.name)") }
        watch = CommitWatch(path: cluster.runFolder + "/metrics.jsonl")
        hand = FaultHand(cluster, seed: options.seed)
        lastChange = Self.now
    }

    private func finish() throws {
        defer { cluster.end() }
        voice.say("The same under faults, in \(cluster.runFolder)")
        while try !cluster.supervise(Self.now) {
            try tick(Self.now)
            if let problem = stalled(Self.now) {
                record.differences.append(problem)
                break
            }
            usleep(Self.tickMicroseconds)
        }
        watch.look(at: Self.now)
    }

    /// Seconds, monotonic.
    static var now: Double { Double(Moment.now().nanoseconds) / 1e9 }

    private func tick(_ now: Double) throws {
        let before = watch.sightings.count
        watch.look(at: now)
        let commits = watch.sightings.count - before
        if commits > 0 { committed(commits, now) }
        voice.tell(watch)
        if now >= nextSample, firstCommit != nil { sample(now) }
        for fault in hand.goOn(now, commits: commits) { over(fault, now) }
        guard firstCommit != nil else { return }
        for fault in dueFaults(now) { try begin(fault, now) }
    }

    private func committed(_ count: Int, _ now: Double) {
        lastChange = now
        if firstCommit == nil { firstCommit = now }
        let bytes = cluster.bytesToServers
        // A step's bytes, of which shares are asked: slowly after the newest steps, for stages differ.
        let perStep = Double(bytes - bytesAtCommit) / Double(count)
        bytesOfStep = bytesOfStep == 0 ? perStep : 0.7 * bytesOfStep + 0.3 * perStep
        bytesAtCommit = bytes
        if hand.lasting.isEmpty { commitsNeeded -= count }
    }

    private func dueFaults(_ now: Double) -> [Fault] {
        switch source {
        case .schedule(var schedule):
            let due = schedule.due(progress(now))
            if !due.isEmpty { source = .schedule(schedule) }
            return due
        case .sequence(var faults, var draw, let pause):
            guard !faults.isEmpty, hand.lasting.isEmpty, commitsNeeded <= 0, now >= nextAt else { return [] }
            switch pause {
            case .commits(let count): commitsNeeded = 1 + draw.below(count)
            case .seconds(let seconds): (commitsNeeded, nextAt) = (1, now + seconds)
            }
            let fault = faults.removeFirst()
            source = .sequence(faults, draw: draw, pause)
            return [fault]
        }
    }

    private func progress(_ now: Double) -> Progress {
        var progress = Progress()
        progress.seconds = firstCommit.map { now - $0 }
        progress.newest = watch.sightings.last?.key
        progress.committed = watch.committed
        progress.shareOfStep = bytesOfStep > 0 ? Double(cluster.bytesToServers - bytesAtCommit) / bytesOfStep : 0
        return progress
    }

    private func begin(_ fault: Fault, _ now: Double) throws {
        let note = try hand.begin(fault, now)
        let begin = now - (firstCommit ?? now)
        record.faults.append(
            LiveRecord.FaultRecord(
                number: record.faults.count + 1, kind: fault.kind, target: "\(fault.target)", role: fault.target.role,
                note: note, begin: begin, end: begin + (fault.kind.isMoment ? 0 : fault.seconds),
                newestCommit: watch.sightings.last.map { "\($0.key)" } ?? ""))
        lastChange = now
        let words = ["fault \(record.faults.count)", fault.kind.rawValue, "\(fault.target)", note].filter {
            !$0.isEmpty
        }
        voice.say(words.joined(separator: " "))
    }

    private func over(_ fault: Fault, _ now: Double) {
        lastChange = now
        let end = now - (firstCommit ?? now)
        let calls = hand.callsHit(by: fault).map { "met \($0) calls" }
        for index in record.faults.indices {
            let told = record.faults[index]
            guard told.kind == fault.kind, told.target == "\(fault.target)", told.end >= end - 1 else { continue }
            record.faults[index].end = min(told.end, end)
            if let calls { record.faults[index].note = calls }
        }
    }

    private func stalled(_ now: Double) -> String? {
        guard hand.lasting.isEmpty, now - lastChange > options.stallSeconds else { return nil }
        return "no commit for \(Int(options.stallSeconds)) s after fault \(record.faults.count)"
    }

    // MARK: - What it came to

    private func sumUp(_ reference: RunEvidence) {
        for (index, process) in cluster.all.enumerated() {
            (record.processes[index].starts, record.processes[index].ends) = (process.starts, process.ends)
        }
        let first = firstCommit ?? Self.now
        record.seconds = Self.now - first
        record.commits = watch.sightings.map {
            LiveRecord.Commit(stage: $0.key.stage, step: $0.key.step, seconds: $0.seconds - first)
        }
        let gaps = zip(record.commits, record.commits.dropFirst()).map { $1.seconds - $0.seconds }.sorted()
        record.medianStepSeconds = gaps.isEmpty ? 0 : gaps[gaps.count / 2]
        record.measureFaults()
        record.missed = source.left
        record.lostCommits = watch.missing.count
        record.recomputedSteps = CoordinatorLog.recomputedSteps(cluster.runFolder + "/logs/coordinator.log")
        if !watch.contradicted.isEmpty {
            record.differences.append("\(watch.contradicted.count) commits were told twice, with different figures")
        }
        do {
            record.differences += reference.differences(of: try RunEvidence(runFolder: cluster.runFolder))
        } catch {
            record.differences.append("what the run left cannot be read: \(error.localizedDescription)")
        }
    }

    /// Early figures stay, of later ones the newest.
    private func sample(_ now: Double) {
        nextSample = now + 1
        for (index, process) in cluster.all.enumerated() {
            record.processes[index].take(residentBytes: process.residentBytes, descriptors: process.descriptors)
        }
    }
}

extension FaultSource {
    /// Faults that did not happen yet.
    var left: Int {
        switch self {
        case .schedule(let schedule): schedule.entries.count
        case .sequence(let faults, _, _): faults.count
        }
    }
}
