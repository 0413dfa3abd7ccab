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

/// Makes and checks a shard's receipts: that it has all of some neighbouring units.
package struct ReceiptSeal: Hashable, Sendable {
    private let key: AuthenticationCode

    package init(key: AuthenticationCode) { self.key = key }

    package func receipt(_ flush: Flush) -> AuthenticationCode {
        var text = SealedText("receipt", (flush.term, flush.stage, flush.step))
        text.add(flush.grant.phase)
        text.add(flush.unit.value)
        text.add(flush.level)
        return text.code(key)
    }
}

/// Fields one after the other, little-endian, as a code is made over.
private struct SealedText {
    var bytes: [UInt8]

    init(_ purpose: String, _ position: (term: Term, stage: StageIndex, step: StepIndex)) {
        bytes = Array("maws \(purpose) ".utf8)
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
