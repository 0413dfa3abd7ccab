import MawsBase

/// Who computes which unit of one phase of a step.
struct UnitLedger {
    struct Assignment: Hashable {
        var lease: UInt64
        var trainer: PeerID
        /// When it was leased.
        var since: Moment
        /// When the last of the units that were leased together is to be begun, as far as one can tell: what it takes
        /// from then on tells whether it is late.
        var lastBegins: Moment
    }

    private enum State {
        case pending
        case assigned([Assignment])
        case done
    }

    /// Trainers that may compute the same unit at one time.
    private static let copiesMax = 2
    private var units: [State]
    private(set) var doneCount = 0

    init(unitCount: Int) {
        units = Array(repeating: .pending, count: unitCount)
    }

    var isComplete: Bool { doneCount == units.count }
    var unitCount: Int { units.count }
    var pendingCount: Int { units.indices.count { isPending($0) } }

    /// Whether nobody computes the unit, and nobody has.
    func isPending(_ unit: Int) -> Bool {
        guard case .pending = units[unit] else { return false }
        return true
    }

    /// The first unit of the lowest rank among those that nobody computes; failing that the unit that is
    /// late longest.
    ///
    /// - Parameter lateSeconds: age at which an assignment counts as late and is worth a copy.
    func next(
        for trainer: PeerID, rank: (Int) -> (Int, Int), lateSeconds: Double, now: Moment
    ) -> UnitIndex? {
        var best: (rank: (Int, Int), unit: Int)?
        for unit in units.indices where isPending(unit) {
            let rank = rank(unit)
            if best.map({ rank < $0.rank }) ?? true { best = (rank, unit) }
        }
        if let best { return UnitIndex(UInt32(best.unit)) }
        return latest(for: trainer, lateSeconds: lateSeconds, now: now)
    }

    mutating func assign(_ unit: UnitIndex, _ assignment: Assignment) {
        switch units[Int(unit.value)] {
        case .pending: units[Int(unit.value)] = .assigned([assignment])
        case .assigned(let others): units[Int(unit.value)] = .assigned(others + [assignment])
        case .done: preconditionFailure("unit \(unit.value) was leased after it was done")
        }
    }

    /// Marks the unit of this lease done. Nil when the lease is unknown or another trainer was first.
    mutating func complete(_ unit: UnitIndex, lease: UInt64) -> Assignment? {
        guard units.indices.contains(Int(unit.value)),
            case .assigned(let assignments) = units[Int(unit.value)],
            let assignment = assignments.first(where: { $0.lease == lease })
        else { return nil }
        units[Int(unit.value)] = .done
        doneCount += 1
        return assignment
    }

    /// How many units a trainer holds.
    func count(of trainer: PeerID) -> Int { assignments.count { $0.assignment.trainer == trainer } }

    /// The unit that a trainer holds by this lease.
    func unit(of lease: UInt64, _ trainer: PeerID) -> UnitIndex? {
        assignments.first { $0.assignment.lease == lease && $0.assignment.trainer == trainer }?.unit
    }

    /// Takes back every lease that `matches`; units left without one are pending again.
    mutating func revoke(where matches: (Assignment) -> Bool) {
        for index in units.indices {
            guard case .assigned(let assignments) = units[index] else { continue }
            let kept = assignments.filter { !matches($0) }
            units[index] = kept.isEmpty ? .pending : .assigned(kept)
        }
    }

    /// The oldest assignment still out.
    var oldest: (unit: UnitIndex, assignment: Assignment)? {
        assignments.min { ($0.assignment.since, $0.unit) < ($1.assignment.since, $1.unit) }
    }

    var assignments: [(unit: UnitIndex, assignment: Assignment)] {
        units.enumerated().flatMap { index, state -> [(unit: UnitIndex, assignment: Assignment)] in
            guard case .assigned(let assignments) = state else { return [] }
            return assignments.map { (UnitIndex(UInt32(index)), $0) }
        }
    }

    private func latest(for trainer: PeerID, lateSeconds: Double, now: Moment) -> UnitIndex? {
        var found: (unit: UnitIndex, since: Moment)?
        for (index, state) in units.enumerated() {
            guard case .assigned(let assignments) = state, assignments.count < Self.copiesMax,
                !assignments.contains(where: { $0.trainer == trainer }),
                let since = assignments.map(\.lastBegins).min(), now.seconds(since: since) > lateSeconds
            else { continue }
            if found == nil || since < found!.since { found = (UnitIndex(UInt32(index)), since) }
        }
        return found?.unit
    }
}
