import MawsBase

/// Where the next fault of a live run comes from.
package enum FaultSource: Sendable {
    /// As a schedule says.
    case schedule(Schedule)
    /// One after the other: each waits until the one before it is over and the run has committed again, and then as
    /// the pause says.
    case sequence([Fault], draw: CounterRandom, Pause)

    package enum Pause: Hashable, Sendable {
        /// A number of commits that is drawn, from 1 to so many.
        case commits(Int)
        /// So long after the begin of the fault before it.
        case seconds(Double)

        /// Where commits count, a fault is over after so many at the latest: a run of given length has room for as many
        /// faults on a fast machine as on a slow one.
        var faultCommits: Int? { if case .commits = self { 12 } else { nil } }
    }

    /// So many faults, drawn by a seed: the same seed draws the same faults.
    package static func random(
        _ count: Int, seed: UInt64, kinds: [FaultKind], secondsMax: Double, pause: Pause, servers: Int,
        trainers: Int
    ) -> FaultSource {
        var draw = CounterRandom(seed: seed, purpose: .faults, element: 0)
        let targets = Self.targets(servers: servers, trainers: trainers)
        let faults = (0..<count).map { _ in
            let kind = kinds[draw.below(kinds.count)]
            let fitting = targets.filter(kind.applies)
            let target = fitting[draw.below(fitting.count)]
            let seconds = kind.isMoment ? 0 : draw.uniform(in: 0.1 * secondsMax...secondsMax)
            return Fault(kind, target, seconds: seconds, commits: pause.faultCommits)
        }
        return .sequence(faults, draw: draw, pause)
    }

    /// Every kind of fault of every role once, on the first of its targets.
    package static func matrix(seconds: Double) -> FaultSource {
        let targets: [FaultTarget] = [
            .process(.trainer(0)), .process(.server(0)), .process(.coordinator), .link(.toServer(0)),
            .link(.toCoordinator(.server(0))),
        ]
        let faults = targets.flatMap { target in
            FaultKind.allCases.filter { $0.applies(to: target) }.map { kind in
                Fault(
                    kind, target, seconds: [.kill, .killAll, .terminate, .diskLost].contains(kind) ? 0.5 : seconds)
            }
        }
        return .sequence(faults, draw: CounterRandom(seed: 0, purpose: .faults, element: 0), .commits(10))
    }

    private static func targets(servers: Int, trainers: Int) -> [FaultTarget] {
        let processes = [.coordinator] + (0..<servers).map(ProcessName.server) + (0..<trainers).map(ProcessName.trainer)
        return processes.map(FaultTarget.process)
            + processes.dropFirst().map { .link(.toCoordinator($0)) }
            + (0..<servers).map { .link(.toServer($0)) }
    }
}
