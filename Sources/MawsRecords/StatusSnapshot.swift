import MawsProtocol

/// What the coordinator knows at one moment: the live line, `maws-coord status` and `maws-coord watch` draw it.
package struct StatusSnapshot: Codable, Hashable, Sendable {
    package struct Peer: Codable, Hashable, Sendable {
        /// `server-0`, `trainer-1`.
        package var name: String
        package var role: String
        /// Where a server listens for trainers, where a trainer comes from; empty while it is away.
        package var address: String
        package var activity: PeerActivity
        /// The same as a short phrase.
        package var doing: String
        /// Known to the run but not connected.
        package var isAway: Bool

        /// Name in the certificate it presented, and whole days until that ends; nil while it is away.
        package var certificate: String?
        package var certificateDaysLeft: Int?

        package init(
            name: String, role: String, address: String, activity: PeerActivity, isAway: Bool = false,
            certificate: String? = nil, certificateDaysLeft: Int? = nil
        ) {
            self.certificate = certificate
            self.certificateDaysLeft = certificateDaysLeft
            self.name = name
            self.role = role
            self.address = address
            self.activity = activity
            doing = "\(activity)"
            self.isAway = isAway
        }
    }

    /// A checkpoint that is being taken, and the server that it still needs, where that is one.
    package struct CheckpointProgress: Codable, Hashable, Sendable {
        package var step: UInt64
        package var seconds: Double
        package var late: String?

        package init(step: UInt64, seconds: Double, late: String?) {
            (self.step, self.seconds, self.late) = (step, seconds, late)
        }
    }

    package var run: String
    package var stage: String
    package var stageIndex: Int
    package var stageCount: Int
    package var step: Int
    package var stepCount: Int
    /// How far an evaluation, which has no steps, is: `features 3/14`; nil for training stages.
    package var phase: String?
    package var loss: Double?
    package var imagesPerSecond: Double
    /// Seconds to the end of the stage; nil before the first step.
    package var remainingSeconds: Double?
    /// Seconds to the end of the run, from the rate of arithmetic of the stage; nil where that is not known.
    package var runRemainingSeconds: Double?
    package var peers: [Peer]
    /// Who everybody waits for, since when and for what; nil when nobody waits.
    package var wait: Wait? {
        didSet { waitingFor = wait?.description }
    }
    /// The same as a phrase.
    package private(set) var waitingFor: String?
    /// Steps of the stage that were skipped, since the coordinator's start, because they were not finite.
    package var skippedSteps: Int
    /// Samples of the stage that are skipped, and the first of them by name.
    package var skippedSamples: Int
    package var skippedNames: [String]
    /// See `MFU`; nil while nobody computes.
    package var mfu: Double?
    /// What somebody should do something about before long: certificates in their last days.
    package var warnings: [String] = []
    /// The checkpoint that is taken while steps go on; nil where none is.
    package var checkpoint: CheckpointProgress?
    /// Checkpoints that could not be finished since the coordinator's start; each was begun anew.
    package var checkpointsGivenUp: Int?
    /// Whether the run has come to its end; there is nobody to ask then, and no other key.
    package var isFinished = false

    package init(
        run: String, stage: String, stageIndex: Int, stageCount: Int, step: Int, stepCount: Int, loss: Double?,
        imagesPerSecond: Double, remainingSeconds: Double?, peers: [Peer], wait: Wait?,
        skippedSteps: Int = 0, skippedSamples: Int = 0, skippedNames: [String] = [], mfu: Double? = nil,
        phase: String? = nil, runRemainingSeconds: Double? = nil
    ) {
        self.phase = phase
        self.runRemainingSeconds = runRemainingSeconds
        self.skippedSamples = skippedSamples
        self.skippedNames = skippedNames
        self.mfu = mfu
        self.run = run
        self.stage = stage
        self.stageIndex = stageIndex
        self.stageCount = stageCount
        self.step = step
        self.stepCount = stepCount
        self.loss = loss
        self.imagesPerSecond = imagesPerSecond
        self.remainingSeconds = remainingSeconds
        self.peers = peers
        self.wait = wait
        waitingFor = wait?.description
        self.skippedSteps = skippedSteps
    }
}

extension StatusSnapshot {
    /// `step 12/234`, or of an evaluation `features 3/14`.
    package var progressText: String { phase ?? "step \(step)/\(stepCount)" }
}
