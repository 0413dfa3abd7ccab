import MawsBase
import MawsWire

/// Who is leased which units. What it takes grows with the units that are leased, and not with how many there are or
/// how many trainers wait in vain: `maws-rig scale`.
extension CoordinatorCore {
    mutating func leaseRequested(_ peer: PeerID, _ shares: [UInt8], _ now: Moment) -> [CoordinatorAction] {
        keepShares(shares, of: peer)
        trainers[peer]?.waitsSince = now
        // Whoever asks has given up what it was leased.
        if trainers[peer] != nil { waiting.insert(peer) }
        let held = mode == .computing ? ledger.count(of: peer) : 0
        ledger.revoke(of: peer)
        guard held > 0 else { return grantLeases(now) }
        return blame(peer, .asksWithoutAnswer, now)
    }

    /// Gives work to every trainer that waits for it, in the order of their connections.
    mutating func grantLeases(_ now: Moment) -> [CoordinatorAction] {
        guard mode == .computing, !waiting.isEmpty, ledger.mayHaveWork(lateSeconds: lateSeconds, now) else { return [] }
        var actions: [CoordinatorAction] = []
        for peer in waiting.sorted() {
            guard ledger.mayHaveWork(lateSeconds: lateSeconds, now) else { break }
            guard let trainer = trainers[peer], trainer.isReady, !isSetAside(trainer, now) else { continue }
            guard let (unit, isOnTrial) = nextUnit(for: peer, now) else { continue }
            for other in ledger.countedOn(unit) { noteStall(other, now) }
            trainers[peer]?.setAside = nil
            let units = isOnTrial ? [unit] : unitsTogether(from: unit, for: peer, now)
            actions.append(.send(peer, .leases(grant(units, to: peer, isOnTrial: isOnTrial, now))))
        }
        return actions
    }

    private mutating func nextUnit(for peer: PeerID, _ now: Moment) -> (UnitIndex, isOnTrial: Bool)? {
        let isOnTrial = isOnTrial(peer, now)
        let late = lateSeconds
        if areUnitsAlike {
            return ledger.next(for: peer, isOnTrial: isOnTrial, rank: nil, lateSeconds: late, now: now)
                .map { ($0, isOnTrial) }
        }
        // The ranks are of the core as it is, which the ledger is a part of.
        let core = self
        return ledger.next(
            for: peer, isOnTrial: isOnTrial, rank: { core.rank(of: $0, for: peer, now) }, lateSeconds: late, now: now
        ).map { ($0, isOnTrial) }
    }

    /// After how long a unit counts as late, and is worth a copy.
    var lateSeconds: Double { unitSeconds > 0 ? min(leaseSeconds, max(1, 3 * unitSeconds)) : leaseSeconds }

    private mutating func grant(
        _ units: [UnitIndex], to peer: PeerID, isOnTrial: Bool, _ now: Moment
    ) -> [Lease] {
        newestLeased = max(newestLeased ?? position, position)
        trainers[peer]?.waitsSince = nil
        waiting.remove(peer)
        trainers[peer]?.leased = (now, units.count)
        trainers[peer]?.openLeases = Set(nextLease..<nextLease + UInt64(units.count))
        let lastBegins = now + Double(units.count - 1) * (trainers[peer]?.unitSeconds ?? 0)
        let grant = LeaseSeal(key: leaseKey).grant(
            (term, position.stage, position.step), phase: UInt32(phase), first: units[0], count: units.count,
            mayBeNonFinite: units.allSatisfy { isAgreed($0.value) }, holder: trainers[peer]?.certificate ?? "")
        return units.map { unit in
            let assignment = UnitLedger.Assignment(
                lease: nextLease, trainer: peer, since: now, lastBegins: lastBegins, isOnTrial: isOnTrial)
            return self.grant(unit, assignment, grant)
        }
    }

    private mutating func grant(
        _ unit: UnitIndex, _ assignment: UnitLedger.Assignment, _ grant: LeaseGrant
    ) -> Lease {
        defer { nextLease += 1 }
        leasesThatMayHavePushed[unit.value, default: 0] += 1
        ledger.assign(unit, assignment)
        let seconds = assignment.lastBegins.seconds(since: assignment.since) + leaseSeconds
        return Lease(
            id: nextLease, term: term, stage: position.stage, step: position.step, phase: UInt32(phase), unit: unit,
            milliseconds: UInt32(1000 * seconds),
            excluded: excluded[position]?[unit.value] ?? [], grant: grant)
    }
}
