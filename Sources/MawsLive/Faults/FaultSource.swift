/// Where the next fault of a live run comes from.
package enum FaultSource: Sendable {
    /// As a schedule says.
    case schedule(Schedule)
    /// One after the other: each waits until the run has committed again after the one before it is over, and then for
    /// a while that is drawn.
    case sequence([Fault], pauses: SeededDraw, meanPauseSeconds: Double)

    /// So many faults, drawn by a seed: the same seed draws the same faults.
    package static func random(
        _ count: Int, seed: UInt64, kinds: [FaultKind], servers: Int, trainers: Int, meanPauseSeconds: Double
    ) -> FaultSource {
        var draw = SeededDraw(seed: seed)
        let targets = Self.targets(servers: servers, trainers: trainers)
        let faults = (0..<count).map { _ in
            let kind = kinds[draw.below(kinds.count)]
            let fitting = targets.filter(kind.applies)
            return Fault(kind, fitting[draw.below(fitting.count)], seconds: draw.seconds(0.1, 3))
        }
        return .sequence(faults, pauses: draw, meanPauseSeconds: meanPauseSeconds)
    }

    /// Every kind of fault of every role once, on the first of its targets.
    package static func matrix(servers: Int, trainers: Int, pauseSeconds: Double) -> FaultSource {
        let targets: [FaultTarget] = [
            .process(.trainer(0)), .process(.server(0)), .process(.coordinator), .link(.toServer(0)),
            .link(.toCoordinator(.server(0))),
        ]
        let faults = targets.flatMap { target in
            FaultKind.allCases.filter { $0.applies(to: target) }.map { kind in
                Fault(
                    kind, target, seconds: [.kill, .killAll, .terminate, .diskLost].contains(kind) ? 0.5 : pauseSeconds)
            }
        }
        return .sequence(faults, pauses: SeededDraw(seed: 0), meanPauseSeconds: 0.5)
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
