/// How many neighbouring units a trainer is leased at once. Their gradients may leave it as one sum, and it need not
/// wait between them for its pushes to arrive; but what it was leased is lost with it, and nobody else computes it.
package enum LeaseSize {
    /// A trainer that joins in the midst of a step may find nothing to do for so long.
    package static let targetSecondsMax = 60.0
    package static let unitsMax = 64

    /// A trainer that is alone gets what is left of the step. With others here it gets half of its share, so that what
    /// is leased last is small and all are done at about the same time, whoever is slower than before.
    ///
    /// - Parameters:
    ///   - pending: units that nobody computes.
    ///   - share: of all units that are computed at a time, of which this trainer computes as many; 1: it is alone.
    ///   - unitSeconds: this trainer's; 0: not known yet.
    /// - Returns: a power of 2.
    package static func units(pending: Int, share: Double, unitSeconds: Double) -> Int {
        guard unitSeconds > 0 else { return 1 }
        let part = Double(pending) * (share < 1 ? share / 2 : 1)
        let units = Int(max(1, min(part, targetSecondsMax / unitSeconds, Double(unitsMax))))
        return 1 << (Int.bitWidth - 1 - units.leadingZeroBitCount)
    }

    /// What equally fast trainers lease in a step, in the order of their leases.
    ///
    /// - Parameter unitSeconds: of each trainer.
    /// - Returns: numbers of units, whose sum is `units`.
    package static func leases(units unitCount: Int, trainers: Int, unitSeconds: Double) -> [Int] {
        var leases: [Int] = []
        var (next, busyUntil) = (0, [Int](repeating: 0, count: trainers))
        while next < unitCount {
            let free = busyUntil.indices.min { (busyUntil[$0], $0) < (busyUntil[$1], $1) } ?? 0
            let size = units(pending: unitCount - next, share: 1 / Double(trainers), unitSeconds: unitSeconds)
            let lease = min(size, alignment(of: next))
            leases.append(lease)
            busyUntil[free] += lease
            next += lease
        }
        return leases
    }

    /// Units from `first` on that may be one node of the servers' tree: a power of 2.
    static func alignment(of first: Int) -> Int { first == 0 ? unitsMax : first & -first }
}
