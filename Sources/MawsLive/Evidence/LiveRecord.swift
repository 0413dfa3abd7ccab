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
        /// The longest time without a commit from its begin until the third commit after its end, beyond the median time
        /// of a step.
        package var stalledSeconds: Double
    }

    package struct ProcessRecord: Codable, Sendable {
        package var name: String
        package var starts = 0
        /// Ends that no fault made, as sentences.
        package var ends: [String] = []
        /// Resident memory and descriptors: early in the run, and at the last look.
        package var residentBytes: [Int] = []
        package var descriptors: [Int] = []

        init(name: String) { self.name = name }

        /// A process that is away has no figures.
        mutating func take(residentBytes bytes: Int, descriptors count: Int) {
            guard bytes > 0 else { return }
            residentBytes = residentBytes.prefix(1) + [bytes]
            descriptors = descriptors.prefix(1) + [count]
        }
    }

    package struct Commit: Codable, Sendable {
        package var stage: String
        package var step: Int
        package var seconds: Double
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

    /// Whether the run ended as it must: every fault happened, nothing was lost, every bit is the undisturbed run's.
    package var isWhole: Bool { differences.isEmpty && missed == 0 && lostCommits == 0 }

    /// Of the run's time, the part without what faults cost.
    package var productiveShare: Double {
        guard seconds > 0 else { return 0 }
        let limit = 3 * medianStepSeconds
        let gaps = zip(commits, commits.dropFirst()).map { $1.seconds - $0.seconds }
        return 1 - gaps.filter { $0 > limit }.reduce(0) { $0 + $1 - medianStepSeconds } / seconds
    }
}
