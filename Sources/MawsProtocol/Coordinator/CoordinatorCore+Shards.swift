import MawsBase

/// Which unit is best for whom: a trainer that has a unit's data shards in its cache need not fetch them. It decides
/// who computes what, never what is computed, and nobody waits for it.
extension CoordinatorCore {
    mutating func findShards() {
        unitShards = shardUses(position)
        for peer in trainers.keys { countHeld(peer) }
    }

    mutating func keepShares(_ shares: [UInt8], of peer: PeerID) {
        trainers[peer]?.shares = shares
        countHeld(peer)
    }

    private mutating func countHeld(_ peer: PeerID) {
        guard let shares = trainers[peer]?.shares else { return }
        trainers[peer]?.heldByUnit = unitShards.map { uses in
            uses.reduce(0) { $0 + $1.samples * Int($1.shard < shares.count ? shares[$1.shard] : 0) }
        }
    }

    /// Whether no unit of the phase is better for one trainer than another is, nor to be left to others.
    var areUnitsAlike: Bool { phase == 0 && unitShards.isEmpty && lost.isEmpty && nonFinite.isEmpty }

    /// Lower is better. A second phase goes to who computed the unit's first and has its activations at hand; otherwise
    /// a unit goes to who holds most of what it reads, and units that others hold are left to them for as long as there
    /// are any that they do not.
    ///
    /// - Returns: nil for a unit of which this trainer has said what another one is to confirm.
    func rank(of unit: Int, for peer: PeerID, _ now: Moment) -> (Int, Int)? {
        if isLeftToOthers(UInt32(unit), by: peer, now) { return nil }
        if lost[UInt32(unit)]?.values.contains(where: { $0.contains(peer) }) == true { return (.max, 0) }
        guard phase == 0 else { return (firstPhaseUnits[peer]?.contains(UInt32(unit)) == true ? 0 : 1, 0) }
        guard !unitShards.isEmpty else { return (0, 0) }
        let others = trainers.lazy.filter { $0.key != peer && $0.value.isReady }.map { $0.value.held(unit) }
        return (-(trainers[peer]?.held(unit) ?? 0), others.max() ?? 0)
    }
}
