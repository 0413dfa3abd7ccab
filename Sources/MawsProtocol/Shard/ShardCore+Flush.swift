import MawsBase
import MawsWire

/// What a shard answers a flush.
package enum FlushAnswer: Hashable, Sendable {
    /// It has all of the units: this proves it.
    case confirmed(AuthenticationCode)
    /// The step is over, or of an older term: nobody asks for a receipt.
    case settled
    /// Something of the units is not here.
    case incomplete
    /// The flush is not covered by a lease.
    case notLeased
}

extension ShardCore {
    /// Whether a trainer may send this, by its lease.
    package func allows(_ push: Push, holder: String) -> Bool {
        !isSharing(push.grant)
            && seal.allows(
                push.grant, (push.term, push.stage, push.step), unit: push.unit, level: push.level, holder: holder)
    }

    package func allows(_ unitRows: UnitRows, _ grant: LeaseGrant, holder: String) -> Bool {
        isSharing(grant)
            && seal.allows(
                grant, (unitRows.term, unitRows.stage, unitRows.step), unit: unitRows.unit, level: 0, holder: holder)
    }

    /// Whether all of the units is in the shard's hands.
    package func flushed(_ flush: Flush, holder: String) -> FlushAnswer {
        guard phase == .serving || phase == .applying, let configuration, flush.term == term,
            flush.stage == configuration.stage, flush.step == version
        else { return .settled }
        let position = (flush.term, flush.stage, flush.step)
        guard seal.allows(flush.grant, position, unit: flush.unit, level: flush.level, holder: holder) else {
            return .notLeased
        }
        guard has(flush, configuration) else { return .incomplete }
        return .confirmed(ReceiptSeal(keys: configuration.keys, shard: shard.index).receipt(flush))
    }

    private func has(_ flush: Flush, _ configuration: ServerConfiguration) -> Bool {
        // Rows are of one unit, whatever was leased together.
        if isSharing(flush.grant) { return flush.level == 0 && sharedRows.contains(flush.unit) }
        if hasReduced { return true }
        let units = (Int(flush.unit.value), Int(flush.level))
        return trees.allSatisfy { tree in
            guard let tree else { return true }
            guard let node = UnitTree.node(first: units.0, level: units.1, unitCount: tree.unitCount) else {
                return false
            }
            return tree.contains(node)
        }
    }

    /// Whether the units are leased for a phase that shares rows and pushes nothing.
    private func isSharing(_ grant: LeaseGrant) -> Bool {
        grant.phase == 0 && configuration.map { $0.sharedRows.units > 0 } ?? false
    }

    private var seal: LeaseSeal { LeaseSeal(key: configuration?.keys.lease ?? .none) }
}
