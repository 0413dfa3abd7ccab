import MawsBase
import MawsHash
import MawsWire

/// What proves to shards that a trainer was leased what it sends, and to the coordinator that shards have it.
extension CoordinatorCore {
    /// What a `configure` gives a server.
    package func keys(of server: PeerID) -> ServerKeys? {
        guard let index = servers.firstIndex(where: { $0?.peer == server }) else { return nil }
        return keys(ofShard: index)
    }

    private func keys(ofShard index: Int) -> ServerKeys {
        ServerKeys(lease: leaseKey, ring: ringKey, own: ownReceiptKeys[index] ?? .none)
    }

    /// The first configuration of a shard in a term has no key of its own: no earlier receipt is of the term.
    mutating func renewReceiptKey(_ index: Int) {
        if configuredTerms[index] == term {
            ownReceiptKeys[index] = Self.key("receipts", [UInt64(index), configureCounts[index]], secret)
        } else {
            ownReceiptKeys[index] = nil
        }
        configuredTerms[index] = term
        lastReceipt = nil
    }

    static func key(_ purpose: String, _ numbers: [UInt64], _ secret: [UInt8]) -> AuthenticationCode {
        let text = "maws \(purpose) \(numbers)"
        return AuthenticationCode(bytes: Hash.code(of: Array(text.utf8), key: secret))
    }

    /// Whether all shards that have to get something of a unit say that they have it. Neighbours are pushed as one, and
    /// so are their receipts.
    mutating func isConfirmed(_ done: UnitDone) -> Bool {
        let shards = confirmingShards(done.unit)
        guard !shards.isEmpty else { return true }
        guard done.level < 32 else { return false }
        let first = UnitIndex((done.unit.value >> done.level) << done.level)
        let flush = Flush(
            term: term, stage: position.stage, step: position.step, unit: first, level: done.level,
            grant: LeaseGrant(
                phase: UInt32(phase), firstUnit: first, unitCount: 1, mayBeNonFinite: false, code: .none))
        if let lastReceipt, lastReceipt.flush == flush { return lastReceipt.receipt == done.receipt }
        let receipts =
            shards.count == servers.count
            ? ReceiptSeal.all(flush, ring: ringKey, shardCount: servers.count, own: ownReceiptKeys)
            : ReceiptSeal(keys: keys(ofShard: shards.lowerBound), shard: shards.lowerBound).receipt(flush)
        lastReceipt = (flush, receipts)
        return receipts == done.receipt
    }

    /// Gradients go to every shard, the rows of a unit to one; units of other phases send the shards nothing.
    private func confirmingShards(_ unit: UnitIndex) -> Range<Int> {
        if stage.commits && isLastPhase { return servers.indices }
        guard stage.unitsInPhase.count > 1, phase == 0 else { return 0..<0 }
        let shard = Int(unit.value) % servers.count
        return shard..<shard + 1
    }
}
