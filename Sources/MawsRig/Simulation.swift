import MawsBase

/// One simulated run: the protocol's cores in a world of one seed, with faults, held against the truth until it ends.
package final class Simulation {
    /// What came of it.
    package struct Outcome: Sendable {
        package var seed: UInt64
        package var finding: Finding?
        package var traceHash: UInt64
        package var eventCount: Int
        package var faultCount: Int
        package var recomputedSteps: Int
        /// What passed in the world.
        package var seconds: Double
        package var coverage: CoverageCount
        /// The newest lines of its trace, where they were asked for.
        package var lines: [String]
    }

    /// Virtual time that a run has after the last fault.
    private static let progressSeconds = 900.0

    private let seed: UInt64
    private let shape: RunShape
    private let world: World
    private let cluster: Cluster
    private let injector: FaultInjector
    private let faults: [Fault]

    /// - Parameters:
    ///   - keeping: which of the seed's faults happen; nil: all.
    ///   - linesMax: of the trace, to be kept.
    package init(seed: UInt64, mutation: Mutation? = nil, keeping: Set<Int>? = nil, linesMax: Int = 0) {
        self.seed = seed
        shape = RunShape(seed: seed)
        let arithmetic = Arithmetic(seed: seed, shape: shape)
        let hostCount = 1 + shape.shards + shape.trainers
        let oracle = Oracle(Truth(arithmetic), shape)
        world = World(
            seed: seed, hostCount: hostCount, oracle: oracle,
            tampering: Tampering(mutation: mutation, shardCount: shape.shards), linesMax: linesMax)
        cluster = Cluster(world, arithmetic)
        injector = FaultInjector(world, cluster)
        var plan = FaultPlan(seed: seed, shape: shape)
        let drawn = plan.draw()
        faults = drawn.indices.filter { keeping?.contains($0) ?? true }.map { drawn[$0] }
    }

    /// What is done to it, a line each.
    package var schedule: [String] { faults.map(\.description) }
    package var faultCount: Int { faults.count }

    /// Lets it happen, once.
    package func run() -> Outcome {
        defer {
            cluster.end()
            world.end()
        }
        cluster.begin()
        injector.begin(faults)
        let deadline = FaultPlan.secondsMax + Self.progressSeconds
        while world.oracle.finding == nil, !cluster.isFinished, world.advance() {
            guard world.seconds < deadline else {
                world.oracle.stuck(cluster.standing)
                break
            }
        }
        return Outcome(
            seed: seed, finding: world.oracle.finding, traceHash: world.trace.hash, eventCount: world.eventCount,
            faultCount: injector.injectedCount, recomputedSteps: world.oracle.recomputedSteps, seconds: world.seconds,
            coverage: world.coverage.count, lines: world.trace.lines ?? [])
    }
}
