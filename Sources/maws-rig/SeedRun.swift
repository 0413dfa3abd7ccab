import Foundation
import MawsBase
import MawsRig
import Synchronization

/// Runs worlds, some at one time, and hands out what came of each in the order of seeds.
struct SeedRun {
    var mutation: Mutation?
    var keeping: Set<Int>?
    var linesMax = 0
    var jobs = 1

    func each(_ seeds: ClosedRange<UInt64>, _ body: (Simulation.Outcome) -> Void) {
        var first = seeds.lowerBound
        while first <= seeds.upperBound {
            let last = min(seeds.upperBound, first + UInt64(16 * jobs) - 1)
            for outcome in outcomes(first...last) { body(outcome) }
            guard last < UInt64.max else { return }
            first = last + 1
        }
    }

    private func outcomes(_ seeds: ClosedRange<UInt64>) -> [Simulation.Outcome] {
        guard jobs > 1 else { return seeds.map(outcome) }
        let done = Mutex<[Simulation.Outcome]>([])
        let next = Atomic(seeds.lowerBound)
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while true {
                let seed = next.add(1, ordering: .relaxed).oldValue
                guard seed <= seeds.upperBound else { return }
                let outcome = outcome(seed)
                done.withLock { $0.append(outcome) }
            }
        }
        return done.withLock { $0.sorted { $0.seed < $1.seed } }
    }

    private func outcome(_ seed: UInt64) -> Simulation.Outcome {
        Simulation(seed: seed, mutation: mutation, keeping: keeping, linesMax: linesMax).run()
    }
}

/// What came of many worlds.
struct SeedSum {
    private(set) var failed = 0
    private(set) var coverage = CoverageCount()
    private var count = 0
    private var events = 0
    private var faults = 0
    private var recomputed = 0
    private var seconds = 0.0
    private var longest: (seconds: Double, seed: UInt64) = (0, 0)

    mutating func add(_ outcome: Simulation.Outcome) {
        count += 1
        failed += outcome.finding == nil ? 0 : 1
        events += outcome.eventCount
        faults += outcome.faultCount
        recomputed += outcome.recomputedSteps
        seconds += outcome.seconds
        if outcome.seconds > longest.seconds { longest = (outcome.seconds, outcome.seed) }
        coverage.add(outcome.coverage)
    }

    func lines(realSeconds: Double, jobs: Int) -> [String] {
        [
            "seeds=\(count) failed=\(failed) faults=\(faults) events=\(events) recomputed-steps=\(recomputed)",
            "longest world: \(Int(longest.seconds)) s of seed \(longest.seed)",
            "figure=sim-seeds value=\(Int(60 * Double(count) / realSeconds)) unit=seeds/minute goal=1000",
            "figure=sim-speed value=\(Int(seconds / realSeconds / Double(jobs))) unit=times-real-time/core goal=1000",
            "figure=sim-events value=\(Int(Double(events) / realSeconds)) unit=events/s",
        ]
    }
}
