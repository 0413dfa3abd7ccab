import MawsBase

/// How fast trainers are, and what they are leased at once for that.
extension CoordinatorCore {
    /// A unit of this trainer was done: when it was the last that it had, all of them took as long as they were leased.
    mutating func measure(_ peer: PeerID, _ now: Moment) {
        guard let trainer = trainers[peer], let leased = trainer.leased, ledger.count(of: peer) == 0 else { return }
        let seconds = now.seconds(since: leased.since) / Double(leased.units)
        unitSeconds = Self.smoothed(unitSeconds, seconds)
        let own = Self.smoothed(trainer.unitSeconds, seconds)
        trainers[peer]?.unitSeconds = own
        if trainer.isReady { speeds.change(from: trainer.unitSeconds, to: own) }
    }

    /// Another stage's units take other times.
    mutating func forgetSpeeds() {
        unitSeconds = 0
        for peer in trainers.keys { trainers[peer]?.unitSeconds = 0 }
        countSpeeds()
    }

    private static func smoothed(_ earlier: Double, _ seconds: Double) -> Double {
        earlier == 0 ? seconds : 0.8 * earlier + 0.2 * seconds
    }

    /// The unit and its right neighbours that the trainer is leased with it: a node of the servers' tree, of units that
    /// are as good for this trainer and of which nothing is excluded, so that one bad sample costs one unit.
    func unitsTogether(from unit: UnitIndex, for peer: PeerID, _ now: Moment) -> [UnitIndex] {
        let first = Int(unit.value)
        guard stage.commits, ledger.isPending(first), !isTroubled(first) else { return [unit] }
        let size = LeaseSize.units(
            pending: ledger.pendingCount, share: share(of: peer), unitSeconds: trainers[peer]?.unitSeconds ?? 0)
        let end = min(first + min(size, LeaseSize.alignment(of: first)), ledger.unitCount)
        let isAlike = areUnitsAlike
        guard let rank = isAlike ? (0, 0) : rank(of: first, for: peer, now) else { return [unit] }
        var free = 0
        for next in first..<end {
            guard ledger.isPending(next), !isTroubled(next) else { break }
            if !isAlike { guard let other = self.rank(of: next, for: peer, now), other == rank else { break } }
            free += 1
        }
        let count = 1 << (Int.bitWidth - 1 - free.leadingZeroBitCount)
        return (first..<first + count).map { UnitIndex(UInt32($0)) }
    }

    /// This trainer's part of what all compute in a second; others whose speed is not known yet count as this one.
    private func share(of peer: PeerID) -> Double {
        let own = trainers[peer]?.unitSeconds ?? 0
        guard speeds.count > 1, own > 0 else { return 1 }
        return 1 / (own * speeds.unitsPerSecond + Double(speeds.count - speeds.knownCount))
    }

    /// Adds up anew, so that nothing that was rounded stays.
    mutating func countSpeeds() {
        speeds = TrainerSpeeds()
        for (_, trainer) in trainers.sorted(by: { $0.key < $1.key }) where trainer.isReady { speeds.add(trainer) }
    }

    /// Whether a sample of the unit could not be got, or the unit is said not to be finite.
    private func isTroubled(_ unit: Int) -> Bool {
        nonFinite[UInt32(unit)] != nil || lost[UInt32(unit)] != nil || excluded[position]?[UInt32(unit)] != nil
    }
}

/// How fast all trainers are together that are ready.
struct TrainerSpeeds: Hashable {
    private(set) var count = 0
    /// Those whose speed is known, and the units that they compute in a second.
    private(set) var knownCount = 0
    private(set) var unitsPerSecond = 0.0

    mutating func add(_ trainer: CoordinatorCore.Trainer) {
        count += 1
        change(from: 0, to: trainer.unitSeconds)
    }

    mutating func remove(_ trainer: CoordinatorCore.Trainer) {
        guard trainer.isReady else { return }
        count -= 1
        change(from: trainer.unitSeconds, to: 0)
    }

    /// Seconds for a unit; 0: not known.
    mutating func change(from earlier: Double, to seconds: Double) {
        if earlier > 0 { (knownCount, unitsPerSecond) = (knownCount - 1, unitsPerSecond - 1 / earlier) }
        if seconds > 0 { (knownCount, unitsPerSecond) = (knownCount + 1, unitsPerSecond + 1 / seconds) }
    }
}
