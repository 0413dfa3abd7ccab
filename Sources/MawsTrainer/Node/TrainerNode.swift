import Logging
import MawsBase
import MawsKernels
import MawsPlan
import MawsProtocol
import MawsTransport
import MawsWire

/// One trainer process: joins a coordinator, computes leased units and ends when the run does.
///
/// The thread that calls `run` steps the session's machine; one thread reads from the coordinator, one computes, one
/// decodes samples, and two for each shard gather and push.
package final class TrainerNode {
    private static let tickSeconds = 0.25

    private let options: TrainerOptions
    private let log: Logger
    private let identity: TLSIdentity
    private let events: Monitor<[TrainerEvent]>
    private let links: ShardLinks
    private let coordinator: CoordinatorLink
    private let computer: UnitComputer
    private let profile: String
    private var core: TrainerCore
    private let tally: Monitor<WorkTally>

    /// - Throws: when the certificates cannot be used.
    package init(_ options: TrainerOptions, log: Logger) throws {
        self.options = options
        self.log = log
        identity = try TLSIdentity(folder: options.certificates, role: .trainer)
        profile = ComputeBackend.profile(of: options.compute).description
        let events = Monitor<[TrainerEvent]>([])
        let tally = Monitor(WorkTally())
        let links = ShardLinks(timeouts: options.shardTimeouts)
        let origin = Origin.fresh()
        self.events = events
        self.tally = tally
        self.links = links
        coordinator = CoordinatorLink(
            host: options.coordinator.host, port: options.coordinator.port, identity: identity, origin: origin
        ) { event in events.with { $0.append(event) } }
        let compute = ComputeChoice(
            kind: options.compute, threads: options.threads, memoryBytes: options.memoryBytes,
            cache: options.cache, log: log)
        computer = UnitComputer(compute: compute, links: links, dataRoot: options.dataRoot) { work in
            if case .done(let unit) = work { tally.with { $0.done(unit) } }
            events.with { $0.append(TrainerEvent(work)) }
        }
        core = TrainerCore(
            settings: TrainerSettings(
                name: options.name, computeProfile: profile, reconnectSeconds: options.reconnectSeconds,
                exitsWithCoordinator: options.exitsWithCoordinator, origin: origin))
    }

    /// Returns when the run is finished; throws the sentence of every other end.
    package func run() throws {
        defer {
            computer.end()
            links.end()
            coordinator.end()
        }
        for warning in identity.warnings { log.warning("\(warning)") }
        log.info("computes with \(profile), \(options.threads) threads")
        while true {
            for event in nextEvents() + [.tick] {
                for action in core.step(event, now: .now()) {
                    if try perform(action) { return }
                }
            }
        }
    }

    private func nextEvents() -> [TrainerEvent] {
        events.wait(seconds: Self.tickSeconds) { events in
            defer { events = [] }
            return events.isEmpty ? nil : events
        } ?? []
    }

    /// True when the run is finished.
    private func perform(_ action: TrainerAction) throws -> Bool {
        switch action {
        case .connect(let number): coordinator.connect(number)
        case .disconnect(let number): coordinator.disconnect(number)
        case .send(let message):
            if case .leaseRequest = message { tally.with { $0.asked(.now()) } }
            coordinator.send(message)
        case .openData(let plan):
            let names = (try? Plan(json: String(decoding: plan, as: UTF8.self)))?.stages.map(\.name)
            tally.with { $0.stageNames = names ?? [] }
            computer.open(plan: plan)
        case .useShards(let roster, let term, let runID): use(roster, term, runID)
        case .compute(let leases):
            let line = leases.first.flatMap { first in tally.with { $0.leased(first, .now()) } }
            if let line { log.info("\(line)") }
            computer.compute(leases)
        case .abandon(let why):
            computer.cancel(why)
            links.drop(why)
        case .giveBack(let lease):
            let reason = "this trainer still computes another unit"
            coordinator.send(.unitFailed(UnitFailed(lease: lease, reason: reason)))
        case .tell(let fact): log.info("\(fact)")
        case .exit(let end):
            if let line = tally.with({ $0.line }) { log.info("\(line)") }
            guard case .finished = end else { throw TrainerError.ended(end) }
            log.info("\(end)")
            return true
        }
        return false
    }

    private func use(_ roster: Roster, _ term: Term, _ runID: String) {
        let hello = Hello(
            protocolVersion: ProtocolVersion.current, role: .trainer, name: options.name, computeProfile: profile,
            dataFingerprint: "", server: nil, term: term)
        links.use(roster, greeting: ShardGreeting(identity: identity, hello: hello, runID: runID))
    }
}

extension TrainerEvent {
    fileprivate init(_ work: WorkReport) {
        switch work {
        case .opened(let plan, let facts): self = .dataOpened(plan: plan, facts)
        case .unreachable(let plan, let reason): self = .dataUnreachable(plan: plan, reason: reason)
        case .missing(let reason): self = .dataMissing(reason: reason)
        case .held(let shares): self = .shardsHeld(shares: shares)
        case .done(let unit): self = .unitDone(unit.done)
        case .failed(let failed): self = .unitFailed(failed)
        }
    }
}
