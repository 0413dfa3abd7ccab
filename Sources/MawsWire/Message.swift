import MawsBase

/// Every message of the protocol. Tensor bytes travel behind the message as its payload, never inside it.
///
/// `Protocol/wire.md` gives the bytes; `Protocol/golden` holds one vector a message.
package enum Message: Hashable, Sendable {
    // Any connection.
    case hello(Hello)
    case welcome(Welcome)
    /// The sender closes the connection after it. The reason is for a person; with `mayTryAgain` the same `hello` may
    /// be welcome a little later.
    case refused(reason: String, mayTryAgain: Bool)
    case heartbeat

    // Coordinator and server.
    case configure(ServerConfiguration)
    /// One slice of weights, or of a slot, for a server; payload: fp32, slots as the table says.
    /// It and `restoreDone` say the number of the `configure` that they belong to.
    case restore(RequestNumber, TensorSlice)
    /// All slices of `stage` at `step` were sent: the server makes them its durable state and answers `restored`.
    case restoreDone(RequestNumber, stage: StageIndex, step: StepIndex)
    case restored(Reply, stage: StageIndex, step: StepIndex)
    case reduced(Reduced)
    case commit(Commit)
    case applied(Reply, stage: StageIndex, step: StepIndex)
    /// A checkpoint of this number is made of the version in force: the server keeps it readable, whatever is committed
    /// meanwhile. It takes the place of an earlier one.
    case freeze(RequestNumber, stage: StageIndex, step: StepIndex)
    /// Asks for one slice of the version in force, or of the frozen one; answered by `snapshotSlice` with payload.
    case snapshot(RequestNumber, TensorSlice)
    case snapshotSlice(Reply, TensorSlice)
    /// The slice is where the checkpoint of this number needs it: it is not asked for again.
    case sliceKept(RequestNumber, TensorSlice)
    /// The checkpoint of this number needs nothing more.
    case thaw(RequestNumber)
    /// First message of a server's connection for tensors: what the hello of its other one said. Answered by `welcome`.
    case bulk(origin: UInt64)
    /// The server has room for what the `configure` named here told it to restore: the slices may come, on this
    /// connection, but for the first ones, of which so many came whole on earlier connections.
    case restoreRequest(Reply, received: UInt32)

    // Coordinator and trainer.
    case roster(Roster)
    /// `shares`: how much of each data shard on other machines the trainer has in its cache, in 255ths, rounded up;
    /// shards of all splits of the plan in order, those that are left out being 0.
    case leaseRequest(shares: [UInt8] = [])
    /// Units of one phase of one step, to be computed in this order. Of neighbours a trainer may push the sum.
    case leases([Lease])
    case unitDone(UnitDone)
    /// The trainer could not compute the unit (a shard was away, say): the coordinator leases it again.
    case unitFailed(UnitFailed)
    /// The run is over, or the coordinator stops: the process exits, with 0 when `isFinished`.
    case shutdown(isFinished: Bool, reason: String)

    // Trainer and server.
    case gather(RequestNumber, stage: StageIndex, step: StepIndex, block: UInt32)
    /// Payload: the shard's slice of the block, as the run's gather encoding says.
    case gathered(Reply, stage: StageIndex, step: StepIndex, block: UInt32, encoding: TensorEncoding)
    /// The version is not here any more, or did not come in time; the trainer gives the unit back.
    case unavailable(Reply, String)
    /// Payload: the shard's slice of the gradient of one block, of a unit or of neighbours. Not answered one by one.
    case push(Push)
    /// Answered by `flushed` when everything pushed and shared of these units is in the shard's hands.
    case flush(RequestNumber, Flush)
    /// `isFinite`: whether the shard took what was sent; it takes no gradient that is not, unless the lease says so.
    /// The receipt proves to the coordinator that the shard has all of it.
    case flushed(Reply, isFinite: Bool = true, receipt: AuthenticationCode = .none)
    /// Payload: rows a unit gives to all others of its step (LiT embeddings, evaluation features), fp32.
    case shareRows(UnitRows, LeaseGrant)
    /// Asks for all rows of a step that this shard holds; answered by `sharedRows` for each unit, ascending, then
    /// `flushed`.
    case gatherRows(RequestNumber, stage: StageIndex, step: StepIndex)
    case sharedRows(Reply, UnitRows)
    /// Asks, on another connection, what the server knows of the one that was greeted with this `Hello.origin`.
    case linkRequest(origin: UInt64)
    /// Its request is the origin that was asked about.
    case linkState(Reply, LinkState)

    // Coordinator and viewer.
    case statusRequest
    /// JSON of `StatusSnapshot`.
    case status([UInt8])
}

package struct Hello: Hashable, Sendable {
    package var protocolVersion: UInt32
    package var role: Role
    /// Name for logs, unique among the living processes of a run: `trainer-0`.
    package var name: String
    /// What decides the bits of a gradient: `reference fp32 threads=2 haswell`. Empty for servers and viewers.
    package var computeProfile: String
    /// Hash of the names and sizes of every sample the trainer's plan names; empty until it has a plan.
    package var dataFingerprint: String
    /// Servers: the shard, the address trainers reach it at, and what its state file holds.
    package var server: ServerHello?
    /// Trainer to server: the term the trainer works under.
    package var term: Term
    /// Trainers: floating-point operations a second of one large product in the plan's precision, as measured when the
    /// plan came; 0 before. For reports alone.
    package var productRate: Double
    /// A random number that the receiver knows its sender by: towards the coordinator the process's, so that the newer
    /// of its connections counts; from a trainer to a server the connection's. 0: none.
    package var origin: UInt64

    package init(
        protocolVersion: UInt32, role: Role, name: String, computeProfile: String, dataFingerprint: String,
        server: ServerHello?, term: Term, productRate: Double = 0, origin: UInt64 = 0
    ) {
        self.origin = origin
        self.productRate = productRate
        self.protocolVersion = protocolVersion
        self.role = role
        self.name = name
        self.computeProfile = computeProfile
        self.dataFingerprint = dataFingerprint
        self.server = server
        self.term = term
    }
}

package struct ServerHello: Hashable, Sendable {
    package var shard: ShardIdentity
    package var host: String
    package var port: UInt16
    /// Identity of the run whose state the file holds; empty when there is none.
    package var runID: String
    package var stage: StageIndex
    /// Version in the state file.
    package var step: StepIndex
    /// Whether the file also holds the reduced gradient of step `step`, so that a commit can still be applied.
    package var hasReduced: Bool

    package init(
        shard: ShardIdentity, host: String, port: UInt16, runID: String, stage: StageIndex, step: StepIndex,
        hasReduced: Bool
    ) {
        self.shard = shard
        self.host = host
        self.port = port
        self.runID = runID
        self.stage = stage
        self.step = step
        self.hasReduced = hasReduced
    }
}

package struct Welcome: Hashable, Sendable {
    package var term: Term
    /// JSON of the resolved `Plan`; empty from a server.
    package var plan: [UInt8]
    /// Identity of the run, made once and kept in its database.
    package var runID: String

    package init(term: Term, plan: [UInt8], runID: String) {
        self.term = term
        self.plan = plan
        self.runID = runID
    }
}

/// What a server needs to know of a stage. It starts with no weights; `restore` brings them.
package struct ServerConfiguration: Hashable, Sendable {
    package var term: Term
    /// Grows with every `configure` of this shard by one coordinator.
    package var request: RequestNumber
    package var runID: String
    package var stage: StageIndex
    package var table: BlockTable
    package var unitsPerStep: UInt32
    /// Nil where nothing is trained.
    package var optimizer: OptimizerConfiguration?
    package var gatherEncoding: TensorEncoding
    /// Whether the server keeps the state its file holds, at this version, instead of waiting for `restore`.
    package var keepsState: Bool
    /// Whether it also keeps what was pushed and shared since that version; if not, the step starts over.
    package var keepsStep: Bool
    package var sharedRows: SharedRowsShape
    package var keys: ServerKeys

    package init(
        term: Term, runID: String, stage: StageIndex, table: BlockTable, unitsPerStep: UInt32,
        optimizer: OptimizerConfiguration?, gatherEncoding: TensorEncoding, keepsState: Bool, keepsStep: Bool = true,
        sharedRows: SharedRowsShape = .none, keys: ServerKeys = .none,
        request: RequestNumber = .none
    ) {
        self.request = request
        (self.sharedRows, self.keys) = (sharedRows, keys)
        self.keepsStep = keepsStep
        self.term = term
        self.runID = runID
        self.stage = stage
        self.table = table
        self.unitsPerStep = unitsPerStep
        self.optimizer = optimizer
        self.gatherEncoding = gatherEncoding
        self.keepsState = keepsState
    }
}

/// Names the slice of one block that a server owns, at one version.
package struct TensorSlice: Hashable, Sendable {
    package var stage: StageIndex
    package var step: StepIndex
    package var block: UInt32
    /// The weight, or one of its slots.
    package var part: WeightPart

    package init(stage: StageIndex, step: StepIndex, block: UInt32, part: WeightPart) {
        self.stage = stage
        self.step = step
        self.block = block
        self.part = part
    }
}

/// A shard holds every unit's gradient of the step, added up in the fixed tree.
package struct Reduced: Hashable, Sendable {
    package var reply: Reply
    package var stage: StageIndex
    package var step: StepIndex
    /// Sum of squares of each chunk of each trainable block's slice, blocks in table order, chunks ascending.
    package var chunkSquares: [Double]
    /// Bytes pushed to, and gathered from, this shard since the last report.
    package var bytesPushed: UInt64
    package var bytesGathered: UInt64

    package init(
        _ reply: Reply, stage: StageIndex, step: StepIndex, chunkSquares: [Double], bytesPushed: UInt64,
        bytesGathered: UInt64
    ) {
        self.reply = reply
        self.stage = stage
        self.step = step
        self.chunkSquares = chunkSquares
        self.bytesPushed = bytesPushed
        self.bytesGathered = bytesGathered
    }
}

/// Step `step` is decided: the shard applies its reduced gradient and then serves version `step + 1`.
package struct Commit: Hashable, Sendable {
    package var term: Term
    package var stage: StageIndex
    package var step: StepIndex
    package var learningRate: Double
    /// Factor on the whole gradient, min(1, clip / norm), above 0; or 0 for a skipped step.
    package var clipScale: Double
    /// Whether version step + 1 is version step as it is, slots included: the gradient was not finite.
    package var isSkipped: Bool { clipScale == 0 }

    package init(term: Term, stage: StageIndex, step: StepIndex, learningRate: Double, clipScale: Double) {
        self.term = term
        self.stage = stage
        self.step = step
        self.learningRate = learningRate
        self.clipScale = clipScale
    }
}

/// Where the shards are. Sent to every trainer when it joins and whenever an address changes.
package struct Roster: Hashable, Sendable {
    package var servers: [ServerAddress]

    package init(servers: [ServerAddress]) { self.servers = servers }
}

package struct ServerAddress: Hashable, Sendable {
    package var shard: ShardIdentity
    package var host: String
    package var port: UInt16

    package init(shard: ShardIdentity, host: String, port: UInt16) {
        self.shard = shard
        self.host = host
        self.port = port
    }
}

/// A trainer's right to compute one unit until a deadline.
package struct Lease: Hashable, Sendable {
    package var id: UInt64
    package var term: Term
    package var stage: StageIndex
    package var step: StepIndex
    /// 0, or 1 for the second phase of a step (LiT's gradient, the fit of a linear probe).
    package var phase: UInt32
    package var unit: UnitIndex
    package var milliseconds: UInt32
    /// Samples of the split, ascending, that the run excludes in this unit, as if their content were unreadable.
    package var excluded: [UInt64]
    /// What the shards take the unit's pushes and rows for.
    package var grant: LeaseGrant

    package init(
        id: UInt64, term: Term, stage: StageIndex, step: StepIndex, phase: UInt32, unit: UnitIndex,
        milliseconds: UInt32, excluded: [UInt64] = [], grant: LeaseGrant = .none
    ) {
        self.grant = grant
        self.excluded = excluded
        self.id = id
        self.term = term
        self.stage = stage
        self.step = step
        self.phase = phase
        self.unit = unit
        self.milliseconds = milliseconds
    }
}

package struct UnitDone: Hashable, Sendable {
    package var lease: UInt64
    package var stage: StageIndex
    package var step: StepIndex
    package var phase: UInt32
    package var unit: UnitIndex
    /// The unit's share of the step's loss: the sum over the units of a step is the loss of the global batch.
    package var loss: Double
    /// Samples that could not be read, with their names, as text lines.
    package var skipped: [String]
    /// JSON of an evaluation unit's result; empty when training.
    package var result: [UInt8]
    package var computeSeconds: Double
    package var waitSeconds: Double
    /// Whether the shards took all of the unit's gradient; see `Message.flushed`.
    package var isFinite: Bool
    /// The receipts of all shards that had to get something of the unit, as one; of the node of 2^level units that was
    /// flushed with it in it.
    package var level: UInt8
    package var receipt: AuthenticationCode

    package init(
        lease: UInt64, stage: StageIndex, step: StepIndex, phase: UInt32, unit: UnitIndex, loss: Double,
        skipped: [String], result: [UInt8], computeSeconds: Double, waitSeconds: Double,
        isFinite: Bool = true, level: UInt8 = 0, receipt: AuthenticationCode = .none
    ) {
        (self.isFinite, self.level, self.receipt) = (isFinite, level, receipt)
        self.lease = lease
        self.stage = stage
        self.step = step
        self.phase = phase
        self.unit = unit
        self.loss = loss
        self.skipped = skipped
        self.result = result
        self.computeSeconds = computeSeconds
        self.waitSeconds = waitSeconds
    }
}

/// A unit that a trainer gives back.
package struct UnitFailed: Hashable, Sendable {
    package var lease: UInt64
    package var reason: String
    /// The sample it could not get, where that is why: the coordinator decides whether the run excludes it.
    package var sample: LostSample?

    package init(lease: UInt64, reason: String, sample: LostSample? = nil) {
        self.lease = lease
        self.reason = reason
        self.sample = sample
    }
}

/// A sample that a trainer tried to get again and again, in vain.
package struct LostSample: Hashable, Sendable {
    package var slot: UInt64
    /// Index in the split that the unit reads.
    package var index: UInt64
    /// Path of the shard, name of the sample's members in it, and where it begins there, in bytes.
    package var shard: String
    package var member: String
    package var offset: UInt64
    package var reason: String

    package init(slot: UInt64, index: UInt64, shard: String, member: String, offset: UInt64, reason: String) {
        self.slot = slot
        self.index = index
        self.shard = shard
        self.member = member
        self.offset = offset
        self.reason = reason
    }
}

/// A gradient of one block: a unit's, or the sum of the 2^level units from `unit` on, a multiple of 2^level, as the
/// servers' tree would have formed it.
package struct Push: Hashable, Sendable {
    package var term: Term
    package var stage: StageIndex
    package var step: StepIndex
    package var unit: UnitIndex
    package var level: UInt8
    package var block: UInt32
    package var encoding: TensorEncoding
    package var grant: LeaseGrant

    package init(
        term: Term, stage: StageIndex, step: StepIndex, unit: UnitIndex, level: UInt8 = 0, block: UInt32,
        encoding: TensorEncoding, grant: LeaseGrant = .none
    ) {
        self.grant = grant
        self.term = term
        self.stage = stage
        self.step = step
        self.unit = unit
        self.level = level
        self.block = block
        self.encoding = encoding
    }
}

/// What a server knows of one of its connections.
package struct LinkState: Hashable, Sendable {
    package var isOpen: Bool
    /// Whether the server itself reads nothing from it now: it waits for memory.
    package var isHeldUp: Bool
    /// Bytes of frames that the server read from it, and those that it sent.
    package var bytesReceived: UInt64
    package var bytesSent: UInt64

    package init(isOpen: Bool, isHeldUp: Bool, bytesReceived: UInt64, bytesSent: UInt64) {
        self.isOpen = isOpen
        self.isHeldUp = isHeldUp
        self.bytesReceived = bytesReceived
        self.bytesSent = bytesSent
    }
}

package struct UnitRows: Hashable, Sendable {
    package var term: Term
    package var stage: StageIndex
    package var step: StepIndex
    package var unit: UnitIndex

    package init(term: Term, stage: StageIndex, step: StepIndex, unit: UnitIndex) {
        self.term = term
        self.stage = stage
        self.step = step
        self.unit = unit
    }
}
