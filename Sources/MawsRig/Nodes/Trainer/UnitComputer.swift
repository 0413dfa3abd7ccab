import MawsBase
import MawsProtocol
import MawsWire

/// The thread of a trainer that computes: the units that it is handed, one leased group after the other.
final class UnitComputer {
    let world: World
    let process: Process
    let arithmetic: Arithmetic
    let links: ShardLinks
    /// What became of units.
    var report: (TrainerEvent) -> Void = { _ in }
    private var orders: [[Lease]] = []
    private var isBusy = false
    private(set) var isCancelled = false
    private var session: (term: Term, stage: StageIndex, cache: BlockCache)?

    init(_ world: World, _ process: Process, _ arithmetic: Arithmetic, _ links: ShardLinks) {
        (self.world, self.process, self.arithmetic, self.links) = (world, process, arithmetic, links)
    }

    func compute(_ leases: [Lease]) {
        isCancelled = false
        orders.append(leases)
        proceed()
    }

    func cancel() { isCancelled = true }

    private func proceed() {
        guard !isBusy, !orders.isEmpty else { return }
        isBusy = true
        let leases = orders.removeFirst()
        guard let first = leases.first else { return finish() }
        let cache = cache(for: first)
        compute(nodes(of: leases)[...], cache)
    }

    private func finish() {
        isBusy = false
        world.after(0, process) { self.proceed() }
    }

    /// A new term starts with nothing of the old one.
    private func cache(for lease: Lease) -> BlockCache {
        if let session, session.term == lease.term, session.stage == lease.stage { return session.cache }
        session?.cache.drop()
        let cache = BlockCache(links, arithmetic, lease.stage)
        session = (lease.term, lease.stage, cache)
        return cache
    }

    /// Neighbours whose gradients leave as one sum, as large as may be.
    private func nodes(of leases: [Lease]) -> [[Lease]] {
        guard let first = leases.first, Int(first.phase) == lastPhase(first) else { return leases.map { [$0] } }
        var (nodes, rest) = ([[Lease]](), leases[...])
        while !rest.isEmpty {
            let level = (0...arithmetic.shape.sumLevels).last { isNode(rest.prefix(1 << $0), level: $0) } ?? 0
            nodes.append(Array(rest.prefix(1 << level)))
            rest = rest.dropFirst(1 << level)
        }
        return nodes
    }

    private func isNode(_ leases: ArraySlice<Lease>, level: Int) -> Bool {
        guard leases.count == 1 << level, let first = leases.first?.unit.value, first % (1 << level) == 0 else {
            return false
        }
        return leases.enumerated().allSatisfy { $1.unit.value == first + UInt32($0) }
    }

    private func lastPhase(_ lease: Lease) -> Int {
        arithmetic.shape.stages[Int(lease.stage.value)].kind == .exchanging ? 1 : 0
    }

    private func compute(_ nodes: ArraySlice<[Lease]>, _ cache: BlockCache) {
        guard let node = nodes.first else { return finish() }
        NodeComputation(self, node, cache).begin { [self] outcome in
            switch outcome {
            case .done(let units):
                for unit in units { report(.unitDone(unit)) }
                compute(nodes.dropFirst(), cache)
            case .failed(let lease):
                // Whatever is under way belongs to these units: the next ones start with fresh connections.
                links.step(.dropped(.unitFailed))
                report(.unitFailed(UnitFailed(lease: lease.id, reason: "failed")))
                finish()
            }
        }
    }
}
