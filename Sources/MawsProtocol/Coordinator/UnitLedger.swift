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
        /// Its holder has not shown that it answers: it stands in nobody's way.
        var isOnTrial = false
        /// Its time is over: neither does it.
        var isOver = false

        var isCountedOn: Bool { !isOnTrial && !isOver }
    }

    private enum State {
        case pending
        case assigned([Assignment])
        case done
    }

    /// Trainers that may compute the same unit at one time, each beginning when all before it are late.
    private static let copiesMax = 4
    private var units: [State]
    private(set) var doneCount = 0

    init(unitCount: Int) {
        units = Array(repeating: .pending, count: unitCount)
    }

    var isComplete: Bool { doneCount == units.count }
    var unitCount: Int { units.count }
    var pendingCount: Int { units.indices.count { isPending($0) } }

    /// Whether nobody that is counted on computes the unit, and nobody has.
    func isPending(_ unit: Int) -> Bool {
        switch units[unit] {
        case .pending: true
        case .assigned(let assignments): !assignments.contains(where: \.isCountedOn)
        case .done: false
        }
    }

    func isDone(_ unit: Int) -> Bool {
        if case .done = units[unit] { true } else { false }
    }

    /// The first unit of the lowest rank among those that nobody computes, then among those that only trainers on trial
    /// compute; failing that the unit that is late longest.
    ///
    /// - Parameter isOnTrial: whether this trainer is: it gets no unit that as many compute as may.
    /// - Parameter lateSeconds: age at which an assignment counts as late and is worth a copy.
    /// - Parameter rank: nil where this trainer is not to have the unit.
    func next(
        for trainer: PeerID, isOnTrial: Bool = false, rank: (Int) -> (Int, Int)?, lateSeconds: Double, now: Moment
    ) -> UnitIndex? {
        var best: (rank: (Int, Int, Int), unit: Int)?
        for unit in units.indices where isPending(unit) {
            let copies = assignments(of: unit).filter { !$0.isOver }
            guard !copies.contains(where: { $0.trainer == trainer }), !isOnTrial || copies.count < Self.copiesMax,
                let ownRank = rank(unit)
            else { continue }
            let rank = (copies.isEmpty ? 0 : 1, ownRank.0, ownRank.1)
            if best.map({ rank < $0.rank }) ?? true { best = (rank, unit) }
        }
        if let best { return UnitIndex(UInt32(best.unit)) }
        return latest(for: trainer, rank: rank, lateSeconds: lateSeconds, now: now)
    }

    mutating func assign(_ unit: UnitIndex, _ assignment: Assignment) {
        switch units[Int(unit.value)] {
        case .pending: units[Int(unit.value)] = .assigned([assignment])
        case .assigned(let others): units[Int(unit.value)] = .assigned(others + [assignment])
        case .done: preconditionFailure("unit \(unit.value) was leased after it was done")
        }
    }

    /// The assignment of a unit that a trainer holds by this lease; nil when it holds none, or another was first.
    func assignment(_ unit: UnitIndex, lease: UInt64, _ trainer: PeerID) -> Assignment? {
        guard units.indices.contains(Int(unit.value)), case .assigned(let assignments) = units[Int(unit.value)] else {
            return nil
        }
        return assignments.first { $0.lease == lease && $0.trainer == trainer }
    }

    /// Trainers that are counted on for a unit.
    func countedOn(_ unit: UnitIndex) -> [PeerID] {
        assignments(of: Int(unit.value)).filter(\.isCountedOn).map(\.trainer)
    }

    private func assignments(of unit: Int) -> [Assignment] {
        if case .assigned(let assignments) = units[unit] { assignments } else { [] }
    }

    /// Marks a unit done that somebody holds.
    mutating func complete(_ unit: UnitIndex) {
        guard case .assigned = units[Int(unit.value)] else { return }
        units[Int(unit.value)] = .done
        doneCount += 1
    }

    /// Trainers that hold something whose time is over.
    var overdue: Set<PeerID> {
        Set(assignments.filter(\.assignment.isOver).map(\.assignment.trainer))
    }

    /// Ends every lease that is older than it may be.
    ///
    /// - Returns: trainers that held one.
    mutating func expire(_ now: Moment, after seconds: Double) -> Set<PeerID> {
        var late: Set<PeerID> = []
        for index in units.indices {
            guard case .assigned(var assignments) = units[index] else { continue }
            let over = assignments.indices.filter { place in
                !assignments[place].isOver && now.seconds(since: assignments[place].lastBegins) > seconds
            }
            guard !over.isEmpty else { continue }
            for place in over {
                assignments[place].isOver = true
                late.insert(assignments[place].trainer)
            }
            units[index] = .assigned(assignments)
        }
        return late
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

    private func latest(
        for trainer: PeerID, rank: (Int) -> (Int, Int)?, lateSeconds: Double, now: Moment
    ) -> UnitIndex? {
        var found: (unit: UnitIndex, since: Moment)?
        for (index, state) in units.enumerated() {
            guard case .assigned(let assignments) = state,
                assignments.count(where: { !$0.isOver }) < Self.copiesMax,
                !assignments.contains(where: { $0.trainer == trainer }), rank(index) != nil,
                let since = assignments.map(\.lastBegins).max(), now.seconds(since: since) > lateSeconds
            else { continue }
            if found == nil || since < found!.since { found = (UnitIndex(UInt32(index)), since) }
        }
        return found?.unit
    }
}
