import MawsBase
import MawsWire

/// A trainer's session with the coordinator: greet, learn the plan, open its data, then one leased unit after another.
///
/// A pure state machine: no clock, socket, thread or file. The shell feeds it events with the moment they happened at
/// and runs the actions it returns, in order.
package struct TrainerCore: Sendable {
    private enum Link: Hashable {
        case down(retryAt: Moment)
        case connecting
        /// `hello` was sent, `welcome` is awaited.
        case greeting
        /// Welcomed; the data of this plan is being opened.
        case preparing
        /// The coordinator knows the data's fingerprint: units may be leased.
        case ready
    }

    /// Data is opened once a plan, not once a connection.
    private enum Data: Hashable {
        case none
        case opening(plan: [UInt8])
        /// Its source did not answer; it is tried again.
        case postponed(plan: [UInt8], until: Moment)
        case opened(plan: [UInt8], facts: DataFacts)
    }

    private struct Work: Hashable {
        /// Those whose units are not done yet.
        var leases: [Lease]
        /// The leases' connection is gone; results are dropped when they come.
        var isAbandoned = false
    }

    private let settings: TrainerSettings
    private var heartbeatTimeoutSeconds: Double
    private var link = Link.down(retryAt: Moment(nanoseconds: 0))
    private var connection: UInt64 = 0
    private var lostSince: Moment?
    private var retries = 0
    private var lastSent = Moment(nanoseconds: 0)
    private var lastHeard = Moment(nanoseconds: 0)
    private var welcome: Welcome?
    private var data = Data.none
    /// Tries to open the data in a row that ended in silence.
    private var dataTries = 0
    private var shares: [UInt8] = []
    private var roster = Roster(servers: [])
    private var work: Work?
    private var isLeaseRequested = false
    private var failures = 0
    private var nextRequest = Moment(nanoseconds: 0)
    private var hasExited = false

    package init(settings: TrainerSettings) {
        self.settings = settings
        heartbeatTimeoutSeconds = settings.heartbeatTimeoutSeconds
    }

    /// Where a session may be, for whoever counts which of them were seen.
    package enum Standing: Int, CaseIterable, Sendable {
        case down, connecting, greeting, preparing, ready, computing, ended
    }

    package var standing: Standing {
        if hasExited { return .ended }
        return switch link {
        case .down: .down
        case .connecting: .connecting
        case .greeting: .greeting
        case .preparing: .preparing
        case .ready: work == nil ? .ready : .computing
        }
    }

    /// Highest term a coordinator welcomed this trainer with.
    package var term: Term { welcome?.term ?? Term(0) }

    package mutating func step(_ event: TrainerEvent, now: Moment) -> [TrainerAction] {
        guard !hasExited else { return [] }
        switch event {
        case .tick: return tick(now)
        case .connected(let number): return number == connection ? greet(now) : []
        case .lost(let number, let reason): return number == connection ? lose(.line(reason), now) : []
        case .received(let number, let message): return number == connection ? receive(message, now) : []
        case .dataOpened(let plan, let facts): return opened(plan, facts, now)
        case .dataUnreachable(let plan, let reason): return postpone(plan, reason, now)
        case .dataMissing(let reason): return exit(.dataMissing(reason: reason))
        case .shardsHeld(let shares):
            self.shares = shares
            return []
        case .unitDone(let done): return finish(done, now)
        case .unitFailed(let failed): return fail(failed, now)
        }
    }
}

// MARK: - The connection

extension TrainerCore {
    private mutating func tick(_ now: Moment) -> [TrainerAction] {
        switch link {
        case .down(let retryAt):
            guard now >= retryAt else { return [] }
            connection += 1
            link = .connecting
            lostSince = lostSince ?? now
            return [.connect(connection: connection)]
        case .connecting:
            return []
        case .greeting, .preparing, .ready:
            let silence = now.seconds(since: lastHeard)
            guard silence < heartbeatTimeoutSeconds else {
                return [.disconnect(connection: connection)]
                    + lose(.silent(seconds: silence), now)
            }
            return beat(now) + openAgain(now) + request(now)
        }
    }

    private mutating func beat(_ now: Moment) -> [TrainerAction] {
        guard link != .greeting, now.seconds(since: lastSent) >= 1 else { return [] }
        return send(.heartbeat, now)
    }

    private mutating func greet(_ now: Moment) -> [TrainerAction] {
        guard link == .connecting else { return [] }
        link = .greeting
        lastHeard = now
        return send(hello(DataFacts()), now)
    }

    /// Looks for the coordinator again with a growing pause, for as long as the settings say.
    private mutating func lose(_ loss: CoordinatorLoss, _ now: Moment) -> [TrainerAction] {
        if case .down = link { return [] }
        var actions: [TrainerAction] = []
        let wasWelcome = link == .preparing || link == .ready
        let since = wasWelcome ? now : lostSince ?? now
        if work?.isAbandoned == false {
            work?.isAbandoned = true
            actions.append(.abandon(.coordinatorAway))
        }
        lostSince = since
        retries = wasWelcome ? 0 : retries + 1
        isLeaseRequested = false
        link = .down(retryAt: now + RetryPause.seconds(tries: retries))
        if settings.exitsWithCoordinator {
            return actions + exit(.coordinatorGone(loss))
        }
        if now.seconds(since: since) >= settings.reconnectSeconds {
            return actions + exit(.noCoordinator(seconds: settings.reconnectSeconds, loss))
        }
        return wasWelcome || retries == 1 ? actions + [.tell(.coordinatorAway(loss))] : actions
    }

    private mutating func send(_ message: Message, _ now: Moment) -> [TrainerAction] {
        lastSent = now
        return [.send(message)]
    }

    private func hello(_ facts: DataFacts) -> Message {
        .hello(
            Hello(
                protocolVersion: ProtocolVersion.current, role: .trainer, name: settings.name,
                computeProfile: settings.computeProfile, dataFingerprint: facts.fingerprint, server: nil, term: term,
                productRate: facts.productRate, origin: settings.origin))
    }

    private mutating func exit(_ end: TrainerEnd) -> [TrainerAction] {
        hasExited = true
        return [.exit(end)]
    }
}

// MARK: - What the coordinator says

extension TrainerCore {
    private mutating func receive(_ message: Message, _ now: Moment) -> [TrainerAction] {
        lastHeard = now
        switch message {
        case .heartbeat: return []
        case .welcome(let welcome): return accept(welcome, now)
        case .roster(let roster):
            self.roster = roster
            return [.useShards(roster, term: term, runID: welcome?.runID ?? "")]
        case .leases(let leases): return take(leases, now)
        case .refused(let reason, mayTryAgain: true):
            return [.disconnect(connection: connection)] + lose(.refused(reason: reason), now)
        case .refused(let reason, mayTryAgain: false):
            return exit(.refused(reason: reason))
        case .shutdown(true, let reason): return exit(.finished(reason: reason))
        case .shutdown(false, let reason): return exit(.stopped(reason: reason))
        default:
            return [.disconnect(connection: connection)]
                + lose(.notForTrainers, now)
        }
    }

    private mutating func accept(_ welcome: Welcome, _ now: Moment) -> [TrainerAction] {
        guard link == .greeting else { return [] }
        guard welcome.term >= term else {
            return [.disconnect(connection: connection)]
                + lose(.olderTerm(welcome.term, newest: term), now)
        }
        self.welcome = welcome
        link = .preparing
        if case .opened(welcome.plan, let facts) = data { return present(facts, now) }
        if case .opening(welcome.plan) = data { return [] }
        if case .postponed(welcome.plan, _) = data { return [] }
        data = .opening(plan: welcome.plan)
        return [.openData(plan: welcome.plan)]
    }

    /// A network that is down for a while is no reason to end: the data is opened again after a growing pause.
    private mutating func postpone(_ plan: [UInt8], _ reason: String, _ now: Moment) -> [TrainerAction] {
        guard data == .opening(plan: plan) else { return [] }
        dataTries += 1
        let pauseSeconds = min(60, Double(1 << min(dataTries, 6)))
        data = .postponed(plan: plan, until: now + pauseSeconds)
        return [.tell(.dataUnreachable(reason: reason, pauseSeconds: pauseSeconds))]
    }

    private mutating func openAgain(_ now: Moment) -> [TrainerAction] {
        guard case .postponed(let plan, let until) = data, now >= until else { return [] }
        data = .opening(plan: plan)
        return [.openData(plan: plan)]
    }

    private mutating func opened(_ plan: [UInt8], _ facts: DataFacts, _ now: Moment) -> [TrainerAction] {
        guard data == .opening(plan: plan) else { return [] }
        dataTries = 0
        heartbeatTimeoutSeconds = facts.heartbeatTimeoutSeconds
        data = .opened(plan: plan, facts: facts)
        guard link == .preparing, welcome?.plan == plan else { return [] }
        return present(facts, now)
    }

    /// The second `hello`, with what the trainer knows since it has a plan.
    private mutating func present(_ facts: DataFacts, _ now: Moment) -> [TrainerAction] {
        link = .ready
        lostSince = nil
        retries = 0
        return send(hello(facts), now) + [.tell(.joined(term))] + request(now)
    }
}

// MARK: - Units

extension TrainerCore {
    private mutating func request(_ now: Moment) -> [TrainerAction] {
        guard link == .ready, work == nil, !isLeaseRequested, now >= nextRequest else { return [] }
        isLeaseRequested = true
        return send(.leaseRequest(shares: shares), now)
    }

    private mutating func take(_ leases: [Lease], _ now: Moment) -> [TrainerAction] {
        guard link == .ready, let first = leases.first, first.term >= term else {
            return [.tell(.leasesDropped(leases.first?.term, own: term))]
        }
        guard work == nil else {
            lastSent = now
            return [.giveBack(lease: first.id)]
        }
        isLeaseRequested = false
        work = Work(leases: leases)
        guard first.term > term else { return [.compute(leases)] }
        // The coordinator started the step over.
        welcome?.term = first.term
        return [.useShards(roster, term: term, runID: welcome?.runID ?? ""), .compute(leases)]
    }

    private mutating func finish(_ done: UnitDone, _ now: Moment) -> [TrainerAction] {
        guard let index = work?.leases.firstIndex(where: { $0.id == done.lease }) else { return [] }
        failures = 0
        let sent = work?.isAbandoned == true ? [] : send(.unitDone(done), now)
        work?.leases.remove(at: index)
        if work?.leases.isEmpty == true { work = nil }
        return sent + request(now)
    }

    /// A unit that fails is asked for again after a pause, so that a shard that is away is not stormed.
    private mutating func fail(_ failed: UnitFailed, _ now: Moment) -> [TrainerAction] {
        guard let ended = work, let lease = ended.leases.first(where: { $0.id == failed.lease }) else { return [] }
        work = nil
        guard !ended.isAbandoned else { return request(now) }
        failures += 1
        nextRequest = now + min(2, 0.05 * Double(1 << min(failures, 6)))
        return [.tell(.unitFailed(lease.unit, lease.step, reason: failed.reason))]
            + send(.unitFailed(failed), now)
    }
}
