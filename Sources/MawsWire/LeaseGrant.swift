import MawsBase

/// The coordinator's word to the shards that the holder of a certificate may push and share rows for some neighbouring
/// units.
/// The shards know it by its code, whose key the coordinator gave them.
package struct LeaseGrant: Hashable, Sendable {
    package var phase: UInt32
    package var firstUnit: UnitIndex
    package var unitCount: UInt32
    /// Whether a gradient may be taken that is not finite: trainers agree that this unit's is not.
    package var mayBeNonFinite: Bool
    package var code: AuthenticationCode

    package init(
        phase: UInt32, firstUnit: UnitIndex, unitCount: UInt32, mayBeNonFinite: Bool, code: AuthenticationCode
    ) {
        self.phase = phase
        self.firstUnit = firstUnit
        self.unitCount = unitCount
        self.mayBeNonFinite = mayBeNonFinite
        self.code = code
    }

    /// No shard takes anything for it.
    package static let none = LeaseGrant(
        phase: 0, firstUnit: UnitIndex(0), unitCount: 0, mayBeNonFinite: false, code: .none)
}

/// Names the 2^level units from `unit` on whose pushes, or whose rows, are to be in the shard's hands.
package struct Flush: Hashable, Sendable {
    package var term: Term
    package var stage: StageIndex
    package var step: StepIndex
    package var unit: UnitIndex
    package var level: UInt8
    package var grant: LeaseGrant

    package init(
        term: Term, stage: StageIndex, step: StepIndex, unit: UnitIndex, level: UInt8 = 0, grant: LeaseGrant = .none
    ) {
        self.term = term
        self.stage = stage
        self.step = step
        self.unit = unit
        self.level = level
        self.grant = grant
    }
}

/// What units of a stage's first phase share: a number of pieces of one size. Where nothing is shared: no units.
package struct SharedRowsShape: Hashable, Sendable {
    /// Units from 0 on, each of which shares rows.
    package var units: UInt32
    package var pieceBytes: UInt32
    package var piecesMin: UInt32
    package var piecesMax: UInt32

    package init(units: UInt32, pieceBytes: UInt32, piecesMin: UInt32, piecesMax: UInt32) {
        self.units = units
        self.pieceBytes = pieceBytes
        self.piecesMin = piecesMin
        self.piecesMax = piecesMax
    }

    package static let none = SharedRowsShape(units: 0, pieceBytes: 0, piecesMin: 0, piecesMax: 0)

    /// Whether a unit may share so many bytes.
    package func allows(_ unit: UnitIndex, byteCount: Int) -> Bool {
        guard unit.value < units, pieceBytes > 0, byteCount % Int(pieceBytes) == 0 else { return false }
        return Int(piecesMin)...Int(max(piecesMin, piecesMax)) ~= byteCount / Int(pieceBytes)
    }
}

/// Keys that a server shares with the coordinator: that of all leases, that of the ring of receipts, which all servers
/// have, and its own for receipts, another one with every `configure` but the first of its shard in a term; see
/// `ReceiptSeal`.
package struct ServerKeys: Hashable, Sendable {
    package var lease: AuthenticationCode
    package var ring: AuthenticationCode
    /// `none` with the first `configure` of a shard in a term.
    package var own: AuthenticationCode

    package static let none = ServerKeys(lease: .none, ring: .none, own: .none)

    package init(lease: AuthenticationCode, ring: AuthenticationCode, own: AuthenticationCode) {
        (self.lease, self.ring, self.own) = (lease, ring, own)
    }
}
