import MawsBase

/// The coordinator's word to the shards that the holder of a certificate may push and post for some neighbouring units.
/// The shards know it by its code, whose key the coordinator gave them.
public struct LeaseGrant: Hashable, Sendable {
    public var phase: UInt32
    public var firstUnit: UnitIndex
    public var unitCount: UInt32
    /// Whether a gradient may be taken that is not finite: trainers agree that this unit's is not.
    public var mayBeNonFinite: Bool
    public var code: AuthenticationCode

    public init(
        phase: UInt32, firstUnit: UnitIndex, unitCount: UInt32, mayBeNonFinite: Bool, code: AuthenticationCode
    ) {
        self.phase = phase
        self.firstUnit = firstUnit
        self.unitCount = unitCount
        self.mayBeNonFinite = mayBeNonFinite
        self.code = code
    }

    /// No shard takes anything for it.
    public static let none = LeaseGrant(
        phase: 0, firstUnit: UnitIndex(0), unitCount: 0, mayBeNonFinite: false, code: .none)
}

/// Names the 2^level units from `unit` on whose pushes, or whose post, are to be in the shard's hands.
public struct Flush: Hashable, Sendable {
    public var term: Term
    public var stage: StageIndex
    public var step: StepIndex
    public var unit: UnitIndex
    public var level: UInt8
    public var grant: LeaseGrant

    public init(
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

/// What units of a stage's first phase post: a number of pieces of one size. Without posts: no units.
public struct PostShape: Hashable, Sendable {
    /// Units from 0 on, each of which posts.
    public var units: UInt32
    public var pieceBytes: UInt32
    public var piecesMin: UInt32
    public var piecesMax: UInt32

    public init(units: UInt32, pieceBytes: UInt32, piecesMin: UInt32, piecesMax: UInt32) {
        self.units = units
        self.pieceBytes = pieceBytes
        self.piecesMin = piecesMin
        self.piecesMax = piecesMax
    }

    public static let none = PostShape(units: 0, pieceBytes: 0, piecesMin: 0, piecesMax: 0)

    /// Whether a unit may post so many bytes.
    public func allows(_ unit: UnitIndex, byteCount: Int) -> Bool {
        guard unit.value < units, pieceBytes > 0, byteCount % Int(pieceBytes) == 0 else { return false }
        return Int(piecesMin)...Int(max(piecesMin, piecesMax)) ~= byteCount / Int(pieceBytes)
    }
}

/// Keys that a server shares with the coordinator: that of all leases, and that of its own receipts, another one with
/// every `configure`.
public struct ServerKeys: Hashable, Sendable {
    public var lease: AuthenticationCode
    public var receipt: AuthenticationCode

    public init(lease: AuthenticationCode, receipt: AuthenticationCode) {
        (self.lease, self.receipt) = (lease, receipt)
    }
}
