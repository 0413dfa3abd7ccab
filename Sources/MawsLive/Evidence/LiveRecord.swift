/// What a live run came to; the rig writes it as JSON, and its page is drawn from it. Times are seconds since the first
/// commit.
package struct LiveRecord: Codable, Sendable {
    package struct FaultRecord: Codable, Sendable {
        package var number: Int
        package var kind: FaultKind
        package var target: String
        package var role: String
        /// What it did besides.
        package var note: String
        package var begin: Double
        package var end: Double
        /// The newest commit at its begin, `mae 17`.
        package var newestCommit: String
        /// The longest time without a commit from its begin until the third commit after its end or the next fault,
        /// beyond the median time of a step.
        package var stalledSeconds = 0.0
        /// From its end, of a killed process its new start, to the next commit.
        package var recoverySeconds = 0.0

        package init(
            number: Int, kind: FaultKind, target: String, role: String, note: String, begin: Double, end: Double,
            newestCommit: String
        ) {
            (self.number, self.kind, self.target, self.role, self.note) = (number, kind, target, role, note)
            (self.begin, self.end, self.newestCommit) = (begin, end, newestCommit)
        }
    }

    package struct ProcessRecord: Codable, Sendable {
        package var name: String
        package var starts = 0
        /// Ends that no fault made, as sentences.
        package var ends: [String] = []
        /// Resident memory and descriptors: early in the run, and at the last look.
        package var residentBytes: [Int] = []
        package var descriptors: [Int] = []

        package init(name: String) { self.name = name }

        /// A process that is away has no figures.
        package mutating func take(residentBytes bytes: Int, descriptors count: Int) {
            guard bytes > 0 else { return }
            residentBytes = residentBytes.prefix(1) + [bytes]
            descriptors = descriptors.prefix(1) + [count]
        }
    }

    package struct Commit: Codable, Sendable {
        package var stage: String
        package var step: Int
        package var seconds: Double

        package init(stage: String, step: Int, seconds: Double) {
            (self.stage, self.step, self.seconds) = (stage, step, seconds)
        }
    }

    package var plan: String
    package var seed: UInt64
    package var servers: Int
    package var trainers: Int
    package var faults: [FaultRecord] = []
    /// Faults of a schedule whose moment did not come before the run's end.
    package var missed: Int = 0
    package var processes: [ProcessRecord] = []
    package var commits: [Commit] = []
    package var seconds: Double = 0
    package var medianStepSeconds: Double = 0
    /// Commits that were seen and were gone at the end.
    package var lostCommits: Int = 0
    /// As the coordinator says, where everybody went back to a checkpoint.
    package var recomputedSteps: Int = 0
    /// Sentences about what differs from the undisturbed run, or did not come to an end.
    package var differences: [String] = []

    package init(plan: String, seed: UInt64, servers: Int, trainers: Int) {
        (self.plan, self.seed, self.servers, self.trainers) = (plan, seed, servers, trainers)
    }

    /// Whether the run ended as it must: every fault happened, nothing was lost, every bit is the undisturbed run's.
    package var isWhole: Bool { differences.isEmpty && missed == 0 && lostCommits == 0 }

    /// The part of the run's time that is left without what faults cost.
    package var productiveShare: Double {
        guard seconds > 0 else { return 0 }
        let limit = 3 * medianStepSeconds
        let gaps = zip(commits, commits.dropFirst()).map { $1.seconds - $0.seconds }
        return 1 - gaps.filter { $0 > limit }.reduce(0) { $0 + $1 - medianStepSeconds } / seconds
    }

    /// Sets what each fault cost, by the commits.
    package mutating func measureFaults() {
        let times = commits.map(\.seconds)
        for index in faults.indices {
            let fault = faults[index]
            let after = times.firstIndex { $0 > fault.end }
            faults[index].recoverySeconds = after.map { times[$0] - fault.end } ?? 0
            let next = faults.first { $0.begin > fault.end }?.begin ?? .infinity
            let last = max(
                after ?? times.count - 1, times.indices.last { $0 <= (after ?? 0) + 2 && times[$0] < next } ?? 0)
            let first = max(1, times.firstIndex { $0 > fault.begin } ?? times.count)
            guard first <= last else { continue }
            let longest = (first...last).map { times[$0] - times[$0 - 1] }.max() ?? 0
            faults[index].stalledSeconds = max(0, longest - medianStepSeconds)
        }
    }
}
