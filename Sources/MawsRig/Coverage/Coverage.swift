import MawsProtocol

/// Which states of the cores, and which ways from one to another, worlds have come through.
package struct CoverageCount: Sendable {
    /// A state, or a way between two, of one core.
    package struct Place: Hashable, Comparable, Sendable {
        package var core: String
        package var from: String
        /// Nil: the state itself.
        package var to: String?

        package static func < (left: Self, right: Self) -> Bool {
            (left.core, left.from, left.to ?? "") < (right.core, right.from, right.to ?? "")
        }
    }

    package private(set) var seen: [Place: Int] = [:]

    package init() {}

    package mutating func add(_ other: CoverageCount) { seen.merge(other.seen, uniquingKeysWith: +) }

    mutating func add(_ place: Place, _ count: Int) { seen[place, default: 0] += count }
}

/// The same of one world.
final class Coverage {
    private struct Way: Hashable {
        var core: Core
        var from: Int
        var to: Int
    }

    enum Core: String, CaseIterable {
        case coordinator, shard, session, exchange, trainer, checkpoint
    }

    private var ways: [Way: Int] = [:]

    private func note(_ core: Core, _ from: Int, _ to: Int) {
        ways[Way(core: core, from: from, to: to), default: 0] += 1
    }

    func coordinator(_ from: CoordinatorCore.Mode, _ to: CoordinatorCore.Mode) {
        note(.coordinator, from.rawValue, to.rawValue)
    }

    func shard(_ from: ShardCore.Phase, _ to: ShardCore.Phase) { note(.shard, from.rawValue, to.rawValue) }
    func session(_ from: SessionCore.Standing, _ to: SessionCore.Standing) {
        note(.session, from.rawValue, to.rawValue)
    }
    func trainer(_ from: TrainerCore.Standing, _ to: TrainerCore.Standing) {
        note(.trainer, from.rawValue, to.rawValue)
    }
    func checkpoint(_ from: CheckpointCore.Standing, _ to: CheckpointCore.Standing) {
        note(.checkpoint, from.rawValue, to.rawValue)
    }
    func exchange(_ from: ExchangeCore.LineStanding, _ to: ExchangeCore.LineStanding) {
        note(.exchange, from.rawValue, to.rawValue)
    }

    var count: CoverageCount {
        var count = CoverageCount()
        for (way, times) in ways {
            let names = Self.names(way.core)
            let (from, to) = (names[way.from], names[way.to])
            count.add(.init(core: way.core.rawValue, from: from, to: nil), times)
            count.add(.init(core: way.core.rawValue, from: to, to: nil), times)
            if from != to { count.add(.init(core: way.core.rawValue, from: from, to: to), times) }
        }
        return count
    }

    static func names(_ core: Core) -> [String] { allNames[core] ?? [] }

    private static let allNames: [Core: [String]] = Dictionary(
        uniqueKeysWithValues: Core.allCases.map { ($0, made($0)) })

    private static func made(_ core: Core) -> [String] {
        switch core {
        case .coordinator: CoordinatorCore.Mode.allCases.map { "\($0)" }
        case .shard: ShardCore.Phase.allCases.map { "\($0)" }
        case .session: SessionCore.Standing.allCases.map { "\($0)" }
        case .exchange: ExchangeCore.LineStanding.allCases.map { "\($0)" }
        case .trainer: TrainerCore.Standing.allCases.map { "\($0)" }
        case .checkpoint: CheckpointCore.Standing.allCases.map { "\($0)" }
        }
    }
}
