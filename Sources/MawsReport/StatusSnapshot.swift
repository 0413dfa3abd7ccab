/// What the coordinator knows at one moment: the live line, `maws-coord status` and `maws-coord watch` draw it.
public struct StatusSnapshot: Codable, Hashable, Sendable {
    public struct Peer: Codable, Hashable, Sendable {
        /// `server-0`, `trainer-1`.
        public var name: String
        public var role: String
        /// Where a server listens for trainers, where a trainer comes from; empty while it is away.
        public var address: String
        /// One short phrase: `unit 3 of step 17 since 0.4 s`, `idle`, `away since 3 s`.
        public var doing: String
        /// Known to the run but not connected.
        public var isAway: Bool

        /// Name in the certificate it presented, and whole days until that ends; nil while it is away.
        public var certificate: String?
        public var certificateDaysLeft: Int?

        public init(
            name: String, role: String, address: String, doing: String, isAway: Bool = false,
            certificate: String? = nil, certificateDaysLeft: Int? = nil
        ) {
            self.certificate = certificate
            self.certificateDaysLeft = certificateDaysLeft
            self.name = name
            self.role = role
            self.address = address
            self.doing = doing
            self.isAway = isAway
        }
    }

    public var run: String
    public var stage: String
    public var stageIndex: Int
    public var stageCount: Int
    public var step: Int
    public var stepCount: Int
    /// How far an evaluation, which has no steps, is: `features 3/14`; nil for training stages.
    public var phase: String?
    public var loss: Double?
    public var imagesPerSecond: Double
    /// Seconds to the end of the stage; nil before the first step.
    public var remainingSeconds: Double?
    /// Seconds to the end of the run, from the rate of arithmetic of the stage; nil where that is not known.
    public var runRemainingSeconds: Double?
    public var peers: [Peer]
    /// Who everybody waits for, since when and for what; nil when nobody waits.
    public var waitingFor: String?
    /// Steps of the stage that were skipped, since the coordinator's start, because they were not finite.
    public var skippedSteps: Int
    /// Samples of the stage that are passed over, and the first of them by name.
    public var skippedSamples: Int
    public var skippedNames: [String]
    /// See `Utilisation`; nil while nobody computes.
    public var utilisation: Double?
    /// What somebody should do something about before long: certificates in their last days.
    public var warnings: [String] = []
    /// Whether the run has come to its end; there is nobody to ask then, and no other key.
    public var isFinished = false

    public init(
        run: String, stage: String, stageIndex: Int, stageCount: Int, step: Int, stepCount: Int, loss: Double?,
        imagesPerSecond: Double, remainingSeconds: Double?, peers: [Peer], waitingFor: String?,
        skippedSteps: Int = 0, skippedSamples: Int = 0, skippedNames: [String] = [], utilisation: Double? = nil,
        phase: String? = nil, runRemainingSeconds: Double? = nil
    ) {
        self.phase = phase
        self.runRemainingSeconds = runRemainingSeconds
        self.skippedSamples = skippedSamples
        self.skippedNames = skippedNames
        self.utilisation = utilisation
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
        self.waitingFor = waitingFor
        self.skippedSteps = skippedSteps
    }
}

extension StatusSnapshot {
    /// `step 12/234`, or of an evaluation `features 3/14`.
    var progressText: String { phase ?? "step \(step)/\(stepCount)" }
}
