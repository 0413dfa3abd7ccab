import MawsBase

/// How fast trainers are, and what they are leased at once for that.
extension CoordinatorCore {
    /// A unit of this trainer was done: when it was the last that it had, all of them took as long as they were leased.
    mutating func measure(_ peer: PeerID, _ now: Moment) {
        guard let trainer = trainers[peer], let leased = trainer.leased, ledger.count(of: peer) == 0 else { return }
        let seconds = now.seconds(since: leased.since) / Double(leased.units)
        unitSeconds = Self.smoothed(unitSeconds, seconds)
        trainers[peer]?.unitSeconds = Self.smoothed(trainer.unitSeconds, seconds)
    }

    /// Another stage's units take other times.
    mutating func forgetSpeeds() {
        unitSeconds = 0
        for peer in trainers.keys { trainers[peer]?.unitSeconds = 0 }
    }

    private static func smoothed(_ earlier: Double, _ seconds: Double) -> Double {
        earlier == 0 ? seconds : 0.8 * earlier + 0.2 * seconds
    }

    /// The unit and its right neighbours that the trainer is leased with it: a node of the servers' tree, of units that
    /// are as good for this trainer and of which nothing is to be passed over, so that one bad sample costs one unit.
    func unitsTogether(from unit: UnitIndex, for peer: PeerID, _ now: Moment) -> [UnitIndex] {
        let first = Int(unit.value)
        guard stage.commits, ledger.isPending(first), !isTroubled(first) else { return [unit] }
        let size = LeaseSize.units(
            pending: ledger.pendingCount, share: share(of: peer), unitSeconds: trainers[peer]?.unitSeconds ?? 0)
        guard let rank = rank(of: first, for: peer, now) else { return [unit] }
        let end = min(first + min(size, LeaseSize.alignment(of: first)), ledger.unitCount)
        let free = (first..<end).prefix { next in
            ledger.isPending(next) && !isTroubled(next)
                && self.rank(of: next, for: peer, now).map { $0 == rank } ?? false
        }
        let count = 1 << (Int.bitWidth - 1 - free.count.leadingZeroBitCount)
        return (first..<first + count).map { UnitIndex(UInt32($0)) }
    }

    /// This trainer's part of what all compute in a second; others whose speed is not known yet count as this one.
    private func share(of peer: PeerID) -> Double {
        let own = trainers[peer]?.unitSeconds ?? 0
        let ready = trainers.sorted { $0.key < $1.key }.map(\.value).filter(\.isReady)
        guard ready.count > 1, own > 0 else { return 1 }
        return 1 / ready.reduce(0) { $0 + ($1.unitSeconds > 0 ? own / $1.unitSeconds : 1) }
    }

    /// Whether a sample of the unit could not be got, or the unit is said not to be finite.
    private func isTroubled(_ unit: Int) -> Bool {
        nonFinite[UInt32(unit)] != nil || lost[UInt32(unit)] != nil || passed[position]?[UInt32(unit)] != nil
    }
}
