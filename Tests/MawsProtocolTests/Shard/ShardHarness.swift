import MawsBase
import MawsProtocol
import MawsWire
import Testing

/// A shard's core with a shell that does the work at once, or when told to, and writes down what was asked.
struct ShardHarness {
    var core: ShardCore
    var now = Moment(nanoseconds: 1_000_000_000)
    /// Work not done yet; `finishWork` does it.
    var work: [ShardAction] = []
    var sent: [Message] = []
    var reports: [StepIndex] = []
    var served: [ShardRequest: TensorSlice] = [:]
    var servedFrozen: Set<ShardRequest> = []
    /// Readers whose connections were to be ended, until a test takes them.
    var dropped: [ShardRequest] = []
    var declined: [ShardRequest: ShardLack] = [:]
    var others: [ShardAction] = []
    var applied = 0

    static let stage = StageIndex(1)
    static let request = RequestNumber(11)

    /// What the shard says under a configuration of this harness.
    static func reply(term: UInt64 = 1) -> Reply { Reply(term: Term(term), request: request) }

    init(shard: ShardIdentity = ShardIdentity(index: 0, count: 1), found: ServerHello? = nil) {
        core = ShardCore(shard: shard, found: found)
    }

    /// A frozen block and two trained ones; the last is empty at shard 1 of 2.
    static let table: BlockTable = {
        let blocks: [ParameterBlock] = [("position", false, 5000), ("block.0", true, 9000), ("norm", true, 8)].map {
            name, isTrainable, count in
            var builder = BlockBuilder(name, isTrainable: isTrainable)
            builder.add("\(name).weight", [count], decays: true, .zeros)
            return builder.build()
        }
        return BlockTable(blocks: blocks, slots: WeightSlot.adamw())
    }()

    static func configuration(
        keepsState: Bool = false, keepsStep: Bool = true, term: UInt64 = 1, units: UInt32 = 3, table: BlockTable = table
    ) -> ServerConfiguration {
        ServerConfiguration(
            term: Term(term), runID: "run", stage: stage, table: table, unitsPerStep: units,
            optimizer: OptimizerConfiguration(.adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), weightDecay: 0, seed: 7),
            gatherEncoding: .fp32, keepsState: keepsState, keepsStep: keepsStep, request: request)
    }

    static func push(
        unit: UInt32, level: UInt8 = 0, block: UInt32 = 1, step: UInt64 = 4, stage: StageIndex = stage, term: UInt64 = 1
    ) -> Push {
        Push(
            term: Term(term), stage: stage, step: StepIndex(step), unit: UnitIndex(unit), level: level, block: block,
            encoding: .fp32)
    }

    static func commit(step: UInt64 = 4, term: UInt64 = 1) -> Commit {
        Commit(term: Term(term), stage: stage, step: StepIndex(step), learningRate: 0.1, clipScale: 1)
    }

    /// Feeds an event and sorts what comes back.
    @discardableResult
    mutating func step(_ event: ShardEvent) -> ShardActions {
        let actions = core.step(event, now: now)
        #expect(core.violations() == [])
        for action in actions.locked {
            switch action {
            case .serve(let request, let slice): served[request] = slice
            case .serveFrozen(let request, _): servedFrozen.insert(request)
            case .decline(let request, let lack): declined[request] = lack
            default: break
            }
        }
        for action in actions.unlocked {
            switch action {
            case .combine, .storeBlock, .sealReduced, .sealRestored, .apply: work.append(action)
            case .send(let message): sent.append(message)
            case .report(_, _, let step): reports.append(step)
            case .dropReaders(let requests):
                dropped += requests
                others.append(action)
            default: others.append(action)
            }
        }
        return actions
    }

    mutating func finishWork() {
        while !work.isEmpty { finishWork(at: 0) }
    }

    mutating func finishWork(at index: Int) {
        switch work.remove(at: index) {
        case .combine(let generation, let block, let left, _):
            step(.combined(generation, block: block, left: left))
        case .storeBlock(let generation, let block, _): step(.blockStored(generation, block: block))
        case .sealReduced(let generation): step(.reducedSealed(generation))
        case .sealRestored(let generation, let version): step(.restoredSealed(generation, step: version))
        case .apply(_, let generation):
            applied += 1
            step(.applied(generation))
        default: break
        }
    }

    /// Configures and restores the shard at this version.
    mutating func restore(_ configuration: ServerConfiguration = configuration(), step version: UInt64 = 4) {
        step(.configured(configuration))
        for (block, entry) in configuration.table.blocks.enumerated() {
            for part in entry.parts {
                let slice = TensorSlice(
                    stage: Self.stage, step: StepIndex(version), block: UInt32(block), part: part)
                let verdict = step(.restoreAnnounced(configuration.request, slice)).locked.first
                if case .receiveSlice(let generation, _) = verdict { step(.restoreReceived(generation, slice)) }
            }
        }
        step(.restoreDone(configuration.request, stage: Self.stage, step: StepIndex(version)))
        finishWork()
    }

    /// A trainer's push from announcement to memory.
    @discardableResult
    mutating func push(_ push: Push) -> ShardActions {
        let verdict = step(.pushAnnounced(push))
        guard case .receive(let generation)? = verdict.locked.first else { return verdict }
        return step(.pushReceived(push, generation))
    }

    /// Every unit of every trained block.
    mutating func pushAll(step version: UInt64 = 4, units: UInt32 = 3, term: UInt64 = 1) {
        for unit in 0..<units {
            for block in [UInt32(2), 1] {
                push(Self.push(unit: unit, block: block, step: version, term: term))
            }
        }
        finishWork()
    }

    mutating func gather(
        _ request: UInt64, step version: UInt64, block: UInt32 = 1, stage: StageIndex = stage, holder: String = "a"
    ) {
        step(
            .gatherRequested(
                ShardRequest(request), holder: holder, stage: stage, step: StepIndex(version), block: block))
    }
}
