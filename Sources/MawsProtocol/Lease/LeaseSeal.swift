import MawsBase
import MawsHash
import MawsWire

/// Makes and checks the codes of leases: what a shard takes a push, rows or a flush for.
package struct LeaseSeal: Hashable, Sendable {
    private let key: AuthenticationCode

    package init(key: AuthenticationCode) { self.key = key }

    /// - Parameter holder: the name in the certificate of whom the units are leased to.
    package func grant(
        _ position: (term: Term, stage: StageIndex, step: StepIndex), phase: UInt32, first: UnitIndex, count: Int,
        mayBeNonFinite: Bool, holder: String
    ) -> LeaseGrant {
        var grant = LeaseGrant(
            phase: phase, firstUnit: first, unitCount: UInt32(count), mayBeNonFinite: mayBeNonFinite, code: .none)
        grant.code = code(grant, position, holder)
        return grant
    }

    /// Whether the holder of the certificate may send what is of the 2^level units from `unit` on.
    package func allows(
        _ grant: LeaseGrant, _ position: (term: Term, stage: StageIndex, step: StepIndex), unit: UnitIndex,
        level: UInt8, holder: String
    ) -> Bool {
        guard key != .none, level < 32 else { return false }
        let (first, last) = (Int(unit.value), Int(unit.value) + (1 << Int(level)))
        let leased = Int(grant.firstUnit.value)
        guard first >= leased, last <= leased + Int(grant.unitCount) else { return false }
        return code(grant, position, holder) == grant.code
    }

    private func code(
        _ grant: LeaseGrant, _ position: (term: Term, stage: StageIndex, step: StepIndex), _ holder: String
    ) -> AuthenticationCode {
        var text = SealedText("lease", position)
        text.add(grant.phase)
        text.add(grant.firstUnit.value)
        text.add(grant.unitCount)
        text.add(UInt8(grant.mayBeNonFinite ? 1 : 0))
        text.bytes += Array(holder.utf8)
        return text.code(key)
    }
}

/// Makes a shard's receipts: that it has all of some neighbouring units.
///
/// Receipt *i* of *S* is code(i) ⊕ code(i + 1) under the key of the ring, which all shards have. All of them joined are
/// code(0) ⊕ code(S), so that whoever checks them makes two codes however many shards there are; and those of all
/// shards but one tell nothing of the last. A shard that was configured again in a term, and may have lost what an
/// earlier receipt was given for, joins a code of its own.
package struct ReceiptSeal: Hashable, Sendable {
    private let keys: ServerKeys
    private let shard: Int

    package init(keys: ServerKeys, shard: Int) { (self.keys, self.shard) = (keys, shard) }

    package func receipt(_ flush: Flush) -> AuthenticationCode {
        let ring = Self.code(keys.ring, flush, shard).joined(with: Self.code(keys.ring, flush, shard + 1))
        return keys.own == .none ? ring : ring.joined(with: Self.code(keys.own, flush, shard))
    }

    /// The receipts of all shards as one.
    ///
    /// - Parameter own: the keys of shards that have one of their own.
    package static func all(
        _ flush: Flush, ring: AuthenticationCode, shardCount: Int, own: [Int: AuthenticationCode]
    ) -> AuthenticationCode {
        let ends = code(ring, flush, 0).joined(with: code(ring, flush, shardCount))
        return own.reduce(ends) { $0.joined(with: code($1.value, flush, $1.key)) }
    }

    private static func code(_ key: AuthenticationCode, _ flush: Flush, _ place: Int) -> AuthenticationCode {
        var text = SealedText("receipt", (flush.term, flush.stage, flush.step))
        text.add(flush.grant.phase)
        text.add(flush.unit.value)
        text.add(flush.level)
        text.add(UInt32(place))
        return text.code(key)
    }
}

/// Fields one after the other, little-endian, as a code is made over.
private struct SealedText {
    var bytes: [UInt8]

    init(_ purpose: String, _ position: (term: Term, stage: StageIndex, step: StepIndex)) {
        bytes = Array("maws \(purpose) ".utf8)
        bytes.reserveCapacity(96)
        add(position.term.value)
        add(position.stage.value)
        add(position.step.value)
    }

    mutating func add<Number: FixedWidthInteger>(_ number: Number) {
        for shift in 0..<Number.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
    }

    func code(_ key: AuthenticationCode) -> AuthenticationCode {
        AuthenticationCode(bytes: Hash.code(of: bytes, key: key.bytes))
    }
}
