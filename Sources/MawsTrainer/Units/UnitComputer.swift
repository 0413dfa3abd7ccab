import MawsBase
import MawsData
import MawsDataFiles
import MawsKernels
import MawsPlan
import MawsProtocol
import MawsWire

/// The computing thread: opens the data of a plan, and computes the units it is handed, one at a time.
final class UnitComputer: Sendable {
    private enum Order {
        case open(plan: [UInt8])
        case compute([Lease])
        case end
    }

    private let orders = Monitor<[Order]>([])
    private let cancellation: Cancellation

    /// - Parameter report: called on the computing thread with what became of each order.
    init(
        compute: ComputeChoice, links: ShardLinks, dataRoot: String,
        report: @escaping @Sendable (WorkReport) -> Void
    ) {
        let cancellation = Cancellation()
        self.cancellation = cancellation
        startThread("compute") { [orders] in
            var state = ComputeState(compute: compute, links: links, dataRoot: dataRoot, cancellation: cancellation)
            while true {
                switch orders.wait({ $0.isEmpty ? nil : $0.removeFirst() }) ?? .end {
                case .open(let plan): state.open(plan).forEach(report)
                case .compute(let leases): state.compute(leases, report)
                case .end: return
                }
            }
        }
    }

    func open(plan: [UInt8]) { orders.with { $0.append(.open(plan: plan)) } }

    func compute(_ leases: [Lease]) {
        cancellation.reset()
        orders.with { $0.append(.compute(leases)) }
    }

    func cancel(_ why: Abandonment) { cancellation.cancel(why) }
    func end() { orders.with { $0 = [.end] } }
}

/// What the computing thread says of its orders.
enum WorkReport: Sendable {
    case opened(plan: [UInt8], DataFacts)
    case unreachable(plan: [UInt8], reason: String)
    case missing(reason: String)
    /// What the cache holds of each data shard, which changes with every unit.
    case held(shares: [UInt8])
    case done(ComputedUnit)
    case failed(UnitFailed)
}

/// What the computing thread keeps between orders.
private struct ComputeState {
    let compute: ComputeChoice
    let links: ShardLinks
    let dataRoot: String
    let cancellation: Cancellation
    private var workers: StageWorkers?
    private var holdings: ShardHoldings?
    private var session: (term: Term, stage: StageIndex, session: StageSession)?

    init(compute: ComputeChoice, links: ShardLinks, dataRoot: String, cancellation: Cancellation) {
        self.compute = compute
        self.links = links
        self.dataRoot = dataRoot
        self.cancellation = cancellation
    }

    mutating func open(_ json: [UInt8]) -> [WorkReport] {
        let opened = openPlan(json)
        return held() + [opened]
    }

    mutating func compute(_ leases: [Lease], _ report: (WorkReport) -> Void) {
        guard let first = leases.first else { return }
        let session: StageSession
        do {
            session = try self.session(for: first)
        } catch DataError.remote(let path, let offset, let problem) {
            let error = DataError.remote(path: path, offset: offset, problem: problem)
            return report(.failed(UnitFailed(lease: first.id, reason: "\(error)")))
        } catch {
            // No stage can be computed here that its files do not let be opened, however often it is tried.
            return report(.missing(reason: "\(error)"))
        }
        do throws(FailedUnit) {
            try session.compute(leases) { unit in
                if unit.done.lease == leases.last?.id { held().forEach(report) }
                report(.done(unit))
            }
        } catch {
            // Whatever is under way belongs to these units: the next ones start with fresh connections.
            links.drop(.unitFailed)
            held().forEach(report)
            let (lease, cause) = (error.lease.id, error.error)
            report(.failed(UnitFailed(lease: lease, reason: "\(cause)", sample: LostSample(cause))))
        }
    }

    /// Before what the last unit became, so that the next request already says it.
    private mutating func held() -> [WorkReport] {
        guard let shares = holdings?.shares(now: Moment.now) else { return [] }
        return [.held(shares: shares)]
    }

    private mutating func openPlan(_ json: [UInt8]) -> WorkReport {
        do {
            let plan = try Plan(json: String(decoding: json, as: UTF8.self))
            let data = try PlanData(plan: plan, root: dataRoot)
            let backend = try compute.backend(for: plan.precision)
            workers = StageWorkers(
                plan: plan, root: dataRoot, classes: data.classes, backend: backend,
                memoryBytes: compute.memoryBytes, cache: compute.cache, log: compute.log)
            holdings = ShardHoldings(data)
            session = nil
            return .opened(
                plan: json,
                DataFacts(
                    fingerprint: data.fingerprint, productRate: backend.productRate(now: Moment.now),
                    heartbeatTimeoutSeconds: plan.cluster.heartbeatTimeoutSeconds))
        } catch DataError.remote(let path, let offset, let problem) {
            let error = DataError.remote(path: path, offset: offset, problem: problem)
            return .unreachable(plan: json, reason: "\(error)")
        } catch {
            return .missing(reason: "\(error)")
        }
    }

    /// The session of the lease's stage; a new term starts with nothing of the old one.
    private mutating func session(for lease: Lease) throws -> StageSession {
        if let session, session.term == lease.term, session.stage == lease.stage { return session.session }
        guard let workers else { throw TrainerError.noSuchStage(index: lease.stage.value) }
        let loader = session.flatMap { $0.stage == lease.stage ? $0.session.loader : nil }
        session = nil
        let fresh = try StageSession(
            lease.stage, workers: workers, loader: loader, links: links, cancellation: cancellation)
        session = (lease.term, lease.stage, fresh)
        return fresh
    }
}

extension LostSample {
    /// Nil for every other error than a sample that could not be got.
    fileprivate init?(_ error: any Error) {
        guard case DataError.unreachable(let found) = error else { return nil }
        self.init(
            slot: found.slot, index: UInt64(found.index), shard: Secrets.hidden(in: found.sample.shard),
            member: found.sample.member, offset: found.sample.offset,
            reason: Secrets.hidden(in: found.sample.reason))
    }
}
