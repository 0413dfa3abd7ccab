import Foundation
import GRDB
import MawsBase

/// One stage that ended.
package struct StageEnd: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "stageEnd"

    package var stage: UInt32
    /// Its line of `stages.jsonl`.
    package var summary: String

    package init(stage: StageIndex, summary: String) {
        self.stage = stage.value
        self.summary = summary
    }
}

/// Which run a database belongs to and where it stands.
package struct RunIdentity: Hashable, Sendable {
    package var id: String
    /// JSON of the resolved plan.
    package var plan: [UInt8]
    package var term: Term
    /// Nil before the first stage's first checkpoint.
    package var stage: StageIndex?
    package var step: StepIndex?
    /// What the run's first trainer computes with; nil before there was one.
    package var computeProfile: String?

    package init(
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
package struct CommitRecord: Codable, Hashable, Sendable, FetchableRecord, PersistableRecord {
    package static let databaseTableName = "commitRecord"

    package var stage: UInt32
    package var step: UInt64
    package var learningRate: Double
    package var clipScale: Double
    package var gradientNorm: Double
    package var loss: Double
    package var images: Int
    package var seconds: Double
    package var bytesPushed: UInt64
    package var bytesGathered: UInt64
    /// See `MFU`; nil where no trainer said its rate.
    package var mfu: Double?

    package init(
        stage: UInt32, step: UInt64, learningRate: Double, clipScale: Double, gradientNorm: Double, loss: Double,
        images: Int, seconds: Double, bytesPushed: UInt64, bytesGathered: UInt64,
        mfu: Double? = nil
    ) {
        self.mfu = mfu
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
