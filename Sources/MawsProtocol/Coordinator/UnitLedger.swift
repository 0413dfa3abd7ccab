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
    /// Units that nobody who is counted on computes, and nobody has.
    private(set) var pendingCount: Int
    /// Units that each trainer holds, in the order in which it was leased them.
    private var held: [PeerID: [Int]] = [:]
    /// No unit below is without an assignment and not done.
    private var firstFree = 0
    /// No lease's last unit was to be begun before; nil: there is none.
    private var earliestBegin: Moment?

    init(unitCount: Int) {
        units = Array(repeating: .pending, count: unitCount)
        pendingCount = unitCount
    }

    var isComplete: Bool { doneCount == units.count }
    var unitCount: Int { units.count }

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

    /// Whether there is something to compute at all: a unit that nobody is counted on for, or perhaps one that is late.
    func mayHaveWork(lateSeconds: Double, _ now: Moment) -> Bool {
        pendingCount > 0 || earliestBegin.map { now.seconds(since: $0) > lateSeconds } ?? false
    }

    /// The first unit of the lowest rank among those that nobody computes, then among those that only trainers on trial
    /// compute; failing that the unit that is late longest.
    ///
    /// - Parameter isOnTrial: whether this trainer is: it gets no unit that as many compute as may.
    /// - Parameter lateSeconds: age at which an assignment counts as late and is worth a copy.
    /// - Parameter rank: nil where this trainer is not to have the unit. No rank at all: all units are alike to it.
    mutating func next(
        for trainer: PeerID, isOnTrial: Bool = false, rank: ((Int) -> (Int, Int)?)?, lateSeconds: Double, now: Moment
    ) -> UnitIndex? {
        if rank == nil, let free = nextFree() { return UnitIndex(UInt32(free)) }
        var best: (rank: (Int, Int, Int), unit: Int)?
        for unit in pendingCount > 0 ? units.indices : 0..<0 where isPending(unit) {
            let copies = assignments(of: unit).filter { !$0.isOver }
            guard !copies.contains(where: { $0.trainer == trainer }), !isOnTrial || copies.count < Self.copiesMax,
                let ownRank = rank.map({ $0(unit) }) ?? (0, 0)
            else { continue }
            let rank = (copies.isEmpty ? 0 : 1, ownRank.0, ownRank.1)
            if best.map({ rank < $0.rank }) ?? true { best = (rank, unit) }
        }
        if let best { return UnitIndex(UInt32(best.unit)) }
        return latest(for: trainer, rank: rank, lateSeconds: lateSeconds, now: now)
    }

    /// The first unit without any assignment.
    private mutating func nextFree() -> Int? {
        while firstFree < units.count {
            if case .pending = units[firstFree] { return firstFree }
            firstFree += 1
        }
        return nil
    }

    /// Changes a unit's state, and what is counted of it.
    private mutating func set(_ unit: Int, _ state: State) {
        let wasPending = isPending(unit)
        units[unit] = state
        if isPending(unit) != wasPending { pendingCount += wasPending ? -1 : 1 }
        if case .pending = state { firstFree = min(firstFree, unit) }
    }

    mutating func assign(_ unit: UnitIndex, _ assignment: Assignment) {
        let index = Int(unit.value)
        switch units[index] {
        case .pending: set(index, .assigned([assignment]))
        case .assigned(let others): set(index, .assigned(others + [assignment]))
        case .done: preconditionFailure("unit \(unit.value) was leased after it was done")
        }
        held[assignment.trainer, default: []].append(index)
        earliestBegin = min(earliestBegin ?? assignment.lastBegins, assignment.lastBegins)
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
        let index = Int(unit.value)
        guard case .assigned(let assignments) = units[index] else { return }
        for assignment in assignments { forget(index, of: assignment.trainer) }
        set(index, .done)
        doneCount += 1
    }

    private mutating func forget(_ unit: Int, of trainer: PeerID) {
        guard var units = held.removeValue(forKey: trainer) else { return }
        units.removeAll { $0 == unit }
        if !units.isEmpty { held[trainer] = units }
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
            set(index, .assigned(assignments))
        }
        return late
    }

    /// How many units a trainer holds.
    func count(of trainer: PeerID) -> Int { held[trainer]?.count ?? 0 }

    /// The unit that a trainer holds by this lease.
    func unit(of lease: UInt64, _ trainer: PeerID) -> UnitIndex? {
        let unit = held[trainer]?.first { unit in
            assignments(of: unit).contains { $0.lease == lease && $0.trainer == trainer }
        }
        return unit.map { UnitIndex(UInt32($0)) }
    }

    /// Takes back what a trainer was leased, all or by one lease; units left without one are pending again.
    mutating func revoke(of trainer: PeerID, lease: UInt64? = nil) {
        for unit in held[trainer] ?? [] {
            let kept = assignments(of: unit).filter { $0.trainer != trainer || lease != nil && $0.lease != lease }
            guard kept.count < assignments(of: unit).count else { continue }
            set(unit, kept.isEmpty ? .pending : .assigned(kept))
            forget(unit, of: trainer)
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

    private mutating func latest(
        for trainer: PeerID, rank: ((Int) -> (Int, Int)?)?, lateSeconds: Double, now: Moment
    ) -> UnitIndex? {
        guard let bound = earliestBegin, now.seconds(since: bound) > lateSeconds else { return nil }
        var found: (unit: UnitIndex, since: Moment)?
        var earliest: Moment?
        for (index, state) in units.enumerated() {
            guard case .assigned(let assignments) = state, let since = assignments.map(\.lastBegins).max() else {
                continue
            }
            for assignment in assignments { earliest = min(earliest ?? since, assignment.lastBegins) }
            guard now.seconds(since: since) > lateSeconds,
                assignments.count(where: { !$0.isOver }) < Self.copiesMax,
                !assignments.contains(where: { $0.trainer == trainer }), rank.map({ $0(index) != nil }) ?? true
            else { continue }
            if found == nil || since < found!.since { found = (UnitIndex(UInt32(index)), since) }
        }
        earliestBegin = earliest
        return found?.unit
    }
}
