import Foundation
import Glibc

/// Runs a plan twice, once undisturbed and once under faults, by real processes, and holds the second run against the
/// first. One thread decides everything: it starts processes, watches commits, begins and ends faults, 200 times a
/// second; only what passes on the links has threads of its own.
package final class LiveRun {
    private static let tickMicroseconds: UInt32 = 5000
    private let options: LiveOptions
    private let cluster: LiveCluster
    private let reference: RunEvidence
    private let say: (String) -> Void
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

    /// Makes the undisturbed run first.
    package init(_ options: LiveOptions, say: @escaping (String) -> Void) throws {
        self.options = options
        self.say = say
        let plan = try LivePlan(path: options.plan, servers: options.servers, trainers: options.trainers)
        record = LiveRecord(plan: options.plan, seed: options.seed, servers: plan.servers, trainers: plan.trainers)
        source = try options.source(servers: plan.servers, trainers: plan.trainers)
        reference = try UndisturbedRun(options).evidence(say)
        cluster = try LiveCluster(
            plan, folder: options.folder + "/disturbed", programs: options.programs, dataRoot: options.dataRoot)
        watch = CommitWatch(path: cluster.runFolder + "/metrics.jsonl")
        hand = FaultHand(cluster, seed: options.seed)
        lastChange = Self.now
    }

    /// Until the run is finished, or no commit came for `stallSeconds`, which is a difference.
    package func finish() throws -> LiveRecord {
        defer { cluster.end() }
        say("The same under faults, in \(cluster.runFolder)")
        while try !cluster.supervise(Self.now) {
            try tick(Self.now)
            if let problem = stalled(Self.now) {
                record.differences.append(problem)
                break
            }
            usleep(Self.tickMicroseconds)
        }
        watch.look(at: Self.now)
        sumUp()
        return record
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private func tick(_ now: Double) throws {
        let before = watch.sightings.count
        watch.look(at: now)
        let commits = watch.sightings.count - before
        if commits > 0 { committed(commits, now) }
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
        progress.committed = Dictionary(grouping: watch.sightings, by: \.key.stage).mapValues(\.count)
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
        say(words.joined(separator: " "))
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

    private func sumUp() {
        for (index, process) in cluster.all.enumerated() where index < record.processes.count {
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
            if record.processes.count <= index { record.processes.append(.init(name: "\(process.name)")) }
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
