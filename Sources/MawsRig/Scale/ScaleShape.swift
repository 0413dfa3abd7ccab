/// A cluster whose steps are foreseen: how many of whom, how fast, and what a step moves.
package struct ScaleShape: Hashable, Sendable {
    package var trainers: Int
    package var servers: Int
    /// Units of a step for each trainer, on average.
    package var unitsPerTrainer = 2
    /// What a trainer of middle speed needs for a unit; others need up to a fifth more or less.
    package var unitSeconds = 1.0
    /// All weights as they are gathered, and a unit's gradient as it is pushed.
    package var weightBytes = 172_000_000
    package var gradientBytes = 172_000_000
    /// What a server's network card takes in a second.
    package var serverBytesPerSecond = 3.1e9
    /// Steps that are measured.
    package var steps = 3

    package init(trainers: Int, servers: Int) { (self.trainers, self.servers) = (trainers, servers) }

    package var units: Int { trainers * unitsPerTrainer }
}

/// What a step of a scaled cluster takes.
package struct ScaleFigures: Hashable, Sendable {
    package var trainers: Int
    package var servers: Int
    /// Messages to and from the coordinator.
    package var messages = 0
    /// What the coordinator's core takes of one core of this machine.
    package var coordinatorSeconds = 0.0
    /// Units that were leased, copies of late ones too.
    package var leases = 0
    /// Nodes of the gradients' tree that were pushed: neighbours that were leased together are one.
    package var pushes = 0
    /// Until the last unit was done, decisions of the coordinator included, one after the other.
    package var stepSeconds = 0.0
    /// Through one server's network card: pushes in, and weights out.
    package var ingressBytes = 0.0
    package var egressBytes = 0.0
    package var networkSeconds = 0.0

    init(_ shape: ScaleShape) { (trainers, servers) = (shape.trainers, shape.servers) }

    package var computeSeconds: Double { stepSeconds - coordinatorSeconds }
    package var secondsPerThousandTrainers: Double { coordinatorSeconds * 1000 / Double(trainers) }

    /// What the step waits for most.
    package var bottleneck: String {
        let parts = [
            ("trainers", computeSeconds), ("the coordinator", coordinatorSeconds), ("servers' network", networkSeconds),
        ]
        return parts.max { $0.1 < $1.1 }?.0 ?? ""
    }
}
