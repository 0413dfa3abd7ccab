/// Where the next fault of a live run comes from.
package enum FaultSource: Sendable {
    /// As a schedule says.
    case schedule(Schedule)
    /// One after the other: each waits until the one before it is over and the run has committed again, and then as
    /// the pause says.
    case sequence([Fault], draw: SeededDraw, Pause)

    package enum Pause: Hashable, Sendable {
        /// A number of commits that is drawn, from 1 to so many.
        case commits(Int)
        /// So long after the begin of the fault before it.
        case seconds(Double)

        /// Where commits count, a fault is over after so many at the latest: a run of given length has room for as many
        /// faults on a fast machine as on a slow one.
        var faultCommits: Int? { if case .commits = self { 25 } else { nil } }
    }

    /// So many faults, drawn by a seed: the same seed draws the same faults.
    package static func random(
        _ count: Int, seed: UInt64, kinds: [FaultKind], secondsMax: Double, pause: Pause, servers: Int,
        trainers: Int
    ) -> FaultSource {
        var draw = SeededDraw(seed: seed)
        let targets = Self.targets(servers: servers, trainers: trainers)
        let faults = (0..<count).map { _ in
            let kind = kinds[draw.below(kinds.count)]
            let fitting = targets.filter(kind.applies)
            let target = fitting[draw.below(fitting.count)]
            let seconds = kind.isMoment ? 0 : draw.seconds(0.1 * secondsMax, secondsMax)
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
        return .sequence(faults, draw: SeededDraw(seed: 0), .commits(10))
    }

    private static func targets(servers: Int, trainers: Int) -> [FaultTarget] {
        let processes = [.coordinator] + (0..<servers).map(ProcessName.server) + (0..<trainers).map(ProcessName.trainer)
        return processes.map(FaultTarget.process)
            + processes.dropFirst().map { .link(.toCoordinator($0)) }
            + (0..<servers).map { .link(.toServer($0)) }
    }
}

/// Numbers that a seed fixes (SplitMix64).
package struct SeededDraw: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    package mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    package mutating func seconds(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * Double(next() >> 11) / Double(1 << 53)
    }
}
