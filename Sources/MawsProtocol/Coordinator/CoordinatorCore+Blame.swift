import MawsBase
import MawsWire

/// Whose fault it is. What a trainer does wrong is charged to it and to nobody else: it is set aside for a while,
/// longer each time, and its units go to others. No word of one trainer ends a run in which there are others.
extension CoordinatorCore {
    /// How long a trainer is set aside for its first fault, and at most.
    static let pauseSeconds = 5.0
    static let pauseSecondsMax = 600.0
    /// A newcomer may be one that was set aside, come again: it waits as long as that, but no longer than this.
    static let newcomerPauseSecondsMax = 30.0
    /// Trainers of one certificate whose word is enough for anything.
    static let witnessesMax = 8

    /// Sets a trainer aside.
    mutating func blame(_ peer: PeerID, _ fault: TrainerFault, _ now: Moment) -> [CoordinatorAction] {
        guard let trainer = trainers[peer] else { return [] }
        let seconds = min(Self.pauseSecondsMax, Self.pauseSeconds * Double(1 << min(trainer.faults, 10)))
        trainers[peer]?.faults += 1
        trainers[peer]?.failures = 0
        trainers[peer]?.answers = 0
        answered.remove(peer)
        trainers[peer]?.setAside = (fault, now + seconds)
        suspects[trainer.certificate] = now + min(seconds, Self.newcomerPauseSecondsMax)
        ledger.revoke(of: peer)
        return [.fault(peer, .trainerSetAside(name: trainer.name, fault, seconds: seconds))] + grantLeases(now)
    }

    func isSetAside(_ trainer: Trainer, _ now: Moment) -> Bool { trainer.setAside.map { $0.until > now } ?? false }

    /// Whether what these trainers say of a unit, each by itself, is believed: all who are here say so, or trainers
    /// with two certificates; where all have one certificate, most of them.
    func suffices(_ witnesses: Set<PeerID>, _ now: Moment) -> Bool {
        let present = trainers.filter { $0.value.isReady && !isSetAside($0.value, now) }
        guard !present.keys.allSatisfy(witnesses.contains) else { return true }
        guard Set(present.values.map(\.certificate)).count < 2 else {
            return Set(witnesses.compactMap { trainers[$0]?.certificate }).count > 1
        }
        return witnesses.count >= min(Self.witnessesMax, max(2, present.count / 2 + 1))
    }

    /// Whether a unit is to be left to others, as this trainer has said of it what another is to confirm.
    func isLeftToOthers(_ unit: UInt32, by peer: PeerID, _ now: Moment) -> Bool {
        let lostBy = lost[unit]?.values.reduce(into: Set<PeerID>()) { $0.formUnion($1) } ?? []
        let witnesses = lostBy.union(isAgreed(unit) ? [] : nonFinite[unit] ?? [])
        guard witnesses.contains(peer) else { return false }
        let overdue = ledger.overdue
        return trainers.contains { other, trainer in
            trainer.isReady && !witnesses.contains(other) && !isSetAside(trainer, now) && !overdue.contains(other)
        }
    }

    // MARK: - Gradients that are not finite

    func isAgreed(_ unit: UInt32) -> Bool { agreedNonFinite.contains(unit) }

    /// A unit's loss or gradient is not finite, says a trainer: another one computes it again. Where that says the
    /// same, the shards may take it, and the run's rule for such steps applies.
    mutating func claimNonFinite(_ peer: PeerID, _ done: UnitDone, _ now: Moment) -> [CoordinatorAction] {
        let unit = done.unit.value
        ledger.revoke(of: peer, lease: done.lease)
        nonFinite[unit, default: []].insert(peer)
        if suffices(nonFinite[unit] ?? [], now) { agreedNonFinite.insert(unit) }
        let fact = RunFact.unitNotFinite(
            done.unit, position.step, by: trainers[peer]?.name, isBelieved: isAgreed(unit))
        return [.remark(peer, fact)] + grantLeases(now)
    }

    /// A unit was done with a finite gradient: who said that it is not is at fault.
    mutating func refuteNonFinite(_ peer: PeerID, _ unit: UInt32, _ now: Moment) -> [CoordinatorAction] {
        guard !isAgreed(unit), let liars = nonFinite.removeValue(forKey: unit) else { return [] }
        let fault = TrainerFault.falseNonFinite(
            unit: unit, step: position.step.value, finiteAt: trainers[peer]?.name)
        return liars.filter { $0 != peer }.sorted().flatMap { blame($0, fault, now) }
    }

    // MARK: - Leases that are over

    /// Takes back what was leased and not answered in time. Who answers late is still heard, if it is not done by then.
    mutating func endLeases(_ now: Moment) -> [CoordinatorAction] {
        guard mode == .computing else { return [] }
        return ledger.expire(now, after: leaseSeconds).sorted().map { peer in
            noteStall(peer, now)
            return .remark(peer, .leasesOver(of: trainers[peer]?.name))
        }
    }
}
