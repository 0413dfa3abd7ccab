/// When a fault of a schedule happens.
package enum FaultMoment: Hashable, Sendable {
    /// So long after the first commit.
    case seconds(Double)
    /// While a step is under way: as soon as that share of the bytes that a step moves towards servers has passed since
    /// the commit before it. 0 is the commit itself.
    case step(stage: String, step: Int, share: Double)
}

/// The faults of a run in their order, each with its moment.
package struct Schedule: Sendable {
    package struct Entry: Hashable, Sendable {
        package var moment: FaultMoment
        package var fault: Fault

        package init(_ moment: FaultMoment, _ fault: Fault) { (self.moment, self.fault) = (moment, fault) }
    }

    package private(set) var entries: [Entry]

    package init(_ entries: [Entry]) { self.entries = entries }

    /// The faults whose moment has come; each is given once.
    package mutating func due(_ progress: Progress) -> [Fault] {
        let due = entries.filter { progress.hasReached($0.moment) }
        entries.removeAll { due.contains($0) }
        return due.map(\.fault)
    }
}

/// Where a run is, as far as the rig sees it from outside.
package struct Progress: Sendable {
    /// Since the first commit; nil before it.
    package var seconds: Double?
    /// The newest commit.
    package var newest: CommitKey?
    /// Commits of each stage.
    package var committed: [String: Int] = [:]
    /// Bytes towards servers since the newest commit, by those of a whole step.
    package var shareOfStep: Double = 0

    package init() {}

    /// Whether the moment has come, or is past.
    package func hasReached(_ moment: FaultMoment) -> Bool {
        switch moment {
        case .seconds(let limit): return seconds.map { $0 >= limit } ?? false
        case .step(let stage, let step, let share):
            let committed = committed[stage] ?? 0
            return committed > step
                || committed == step && (step == 0 || newest?.stage == stage) && shareOfStep >= share
        }
    }
}
