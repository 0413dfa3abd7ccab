import MawsBase
import MawsWire

/// What becomes of samples that trainers cannot get. A machine may be cut off where others are not, so a sample is
/// excluded when two trainers could not get it (`suffices`), or the only one that is here; and never by a trainer
/// alone: the record is durable before any lease names it, and the same whoever computes the unit, and whenever.
extension CoordinatorCore {
    mutating func keep(_ sample: ExcludedSample) {
        var samples = excluded[sample.position]?[sample.unit.value] ?? []
        if !samples.contains(sample.lost.index) { samples.append(sample.lost.index) }
        excluded[sample.position, default: [:]][sample.unit.value] = samples.sorted()
    }

    /// Nil where that is not why the unit came back, or not enough to exclude the sample.
    mutating func sampleLost(_ peer: PeerID, _ failed: UnitFailed, _ now: Moment) -> [CoordinatorAction]? {
        guard mode == .computing, let sample = failed.sample, let unit = ledger.unit(of: failed.lease, peer) else {
            return nil
        }
        // All samples of a unit are read before anything of its first phase leaves the trainer.
        if phase == 0 { leasesThatMayHavePushed[unit.value, default: 1] -= 1 }
        lost[unit.value, default: [:]][sample.index, default: []].insert(peer)
        guard suffices(lost[unit.value]?[sample.index] ?? [], now) else { return nil }
        ledger.revoke(of: peer)
        lost[unit.value] = nil
        failuresInARow = 0
        failingSince = nil
        return excludeSample(ExcludedSample(position: position, unit: unit, lost: sample), now)
    }

    /// Where a copy of the unit that was computed with the sample may have left a trace at a server, the step starts
    /// over.
    private mutating func excludeSample(_ sample: ExcludedSample, _ now: Moment) -> [CoordinatorAction] {
        keep(sample)
        if knowsWhoMayHavePushed && leasesThatMayHavePushed[sample.unit.value] ?? 0 == 0 {
            return [.excludeSample(sample, term: term)] + grantLeases(now)
        }
        term = Term(term.value + 1)
        newestLeased = nil
        forgetPushes()
        dropsStep = true
        mode = .assembling
        losses = []
        var actions: [CoordinatorAction] = [
            .excludeSample(sample, term: term), .note(.stepStartsOver(position.step)),
        ]
        for index in servers.indices {
            guard let peer = servers[index]?.peer else { continue }
            configuring(index)
            servers[index]?.version = nil
            servers[index]?.report = nil
            actions.append(.configure(peer, keepsState: true, keepsStep: false))
        }
        return actions
    }

    /// The servers hold nothing of the step that begins, and nobody was leased any of it.
    mutating func forgetPushes() {
        lost = [:]
        leasesThatMayHavePushed = [:]
        knowsWhoMayHavePushed = true
        dropsStep = false
    }
}
