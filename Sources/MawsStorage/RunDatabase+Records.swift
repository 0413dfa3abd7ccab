import Foundation
import GRDB
import MawsBase

/// One stage that ended.
public struct StageEnd: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "stageEnd"

    public var stage: UInt32
    /// Its line of `stages.jsonl`.
    public var summary: String

    public init(stage: StageIndex, summary: String) {
        self.stage = stage.value
        self.summary = summary
    }
}

/// Which run a database belongs to and where it stands.
public struct RunIdentity: Hashable, Sendable {
    public var id: String
    /// JSON of the resolved plan.
    public var plan: [UInt8]
    public var term: Term
    /// Nil before the first stage's first checkpoint.
    public var stage: StageIndex?
    public var step: StepIndex?
    /// What the run's first trainer computes with; nil before there was one.
    public var computeProfile: String?

    public init(
        id: String, plan: [UInt8], term: Term, stage: StageIndex?, step: StepIndex?, computeProfile: String? = nil
    ) {
        self.id = id
        self.plan = plan
        self.term = term
        self.stage = stage
        self.step = step
        self.computeProfile = computeProfile
    }
}

/// One committed step.
public struct CommitRecord: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    public static let databaseTableName = "commitRecord"

    public var stage: UInt32
    public var step: UInt64
    public var learningRate: Double
    public var clipScale: Double
    public var gradientNorm: Double
    public var loss: Double
    public var images: Int
    public var seconds: Double
    public var bytesPushed: UInt64
    public var bytesGathered: UInt64
    /// See `Utilisation`; nil where no trainer said its rate.
    public var utilisation: Double?

    public init(
        stage: UInt32, step: UInt64, learningRate: Double, clipScale: Double, gradientNorm: Double, loss: Double,
        images: Int, seconds: Double, bytesPushed: UInt64, bytesGathered: UInt64,
        utilisation: Double? = nil
    ) {
        self.utilisation = utilisation
        self.stage = stage
        self.step = step
        self.learningRate = learningRate
        self.clipScale = clipScale
        self.gradientNorm = gradientNorm
        self.loss = loss
        self.images = images
        self.seconds = seconds
        self.bytesPushed = bytesPushed
        self.bytesGathered = bytesGathered
    }
}
