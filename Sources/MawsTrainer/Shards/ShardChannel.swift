import MawsBase
import MawsTransport

/// One exchange with a shard, done on the channel's thread.
protocol ShardJob: AnyObject, Sendable {
    /// - Parameter link: a greeted connection. Whatever is thrown ends it.
    func run(on link: ShardLink) throws
    /// The job will not be done, or was broken off.
    func fail(_ error: any Error)
}

/// One connection to one shard and the thread that works through its jobs in order.
///
/// The connection is made when the first job needs it. A job that fails ends the connection, and takes the jobs queued
/// behind it along: they belong to the same unit, and each trying the shard anew would take a timeout each.
final class ShardChannel: Sendable {
    private struct State {
        var dial: (@Sendable () throws -> ShardLink)?
        var queue: [any ShardJob] = []
        var link: ShardLink?
        /// Grows with every drop: a dial that ends after a drop brings a connection nobody wants any more.
        var generation = 0
        var isEnded = false
        /// Whether the thread is at a job, and why the connection under that job was dropped.
        var isBusy = false
        var dropReason: (any Error)?
        var check = LinkCheck()
        /// Whether the shard is being asked about the connection.
        var isAsking = false
    }

    private let shard: ShardIdentity
    private let state = Monitor(State())

    init(shard: ShardIdentity, purpose: String) {
        self.shard = shard
        startThread("\(purpose)-\(shard.index)") { [state, shard] in Self.work(state, shard) }
    }

    func submit(_ job: any ShardJob) {
        let isEnded = state.with { state in
            if !state.isEnded { state.queue.append(job) }
            return state.isEnded
        }
        if isEnded { job.fail(TrainerError.cancelled("the trainer ends")) }
    }

    /// How to reach the shard from now on. The present connection is dropped.
    func use(_ dial: (@Sendable () throws -> ShardLink)?) {
        drop(TrainerError.cancelled("the shard's address changed"))
        state.with { $0.dial = dial }
    }

    /// Ends the connection, which wakes the thread if it is blocked on it, and fails every job.
    ///
    /// - Parameter only: this connection; nothing happens when another has taken its place.
    func drop(_ error: any Error, only expected: ShardLink? = nil) {
        let (link, jobs) = state.with { state in
            if let expected, state.link !== expected { return (ShardLink?.none, [any ShardJob]()) }
            defer {
                state.link = nil
                state.queue = []
                state.generation += 1
            }
            if state.isBusy { state.dropReason = error }
            return (state.link, state.queue)
        }
        link?.connection.close()
        for job in jobs { job.fail(error) }
    }

    /// Asks the shard about a connection on which nothing moves, and drops it when it is dead; to be called every now
    /// and then. Asking takes as long as a dial, so that is done on a thread of its own.
    func look(at now: Moment) {
        let asked: (link: ShardLink, dial: @Sendable () throws -> ShardLink)? = state.with { state in
            guard state.isBusy, !state.isAsking, let link = state.link, let dial = state.dial else { return nil }
            guard state.check.isQuiet(link.pulse, at: now) else { return nil }
            state.isAsking = true
            return (link, dial)
        }
        guard let asked else { return }
        startThread("ask-\(shard.index)") { [self] in
            if isDead(asked.link, asked.dial) {
                drop(TrainerError.deadLine(shard: shard), only: asked.link)
            }
            state.with { $0.isAsking = false }
        }
    }

    /// A shard that cannot be asked may be stopped or slow: whether it is gone is the coordinator's affair.
    private func isDead(_ link: ShardLink, _ dial: () throws -> ShardLink) -> Bool {
        guard let other = try? dial() else { return false }
        defer { other.connection.close() }
        let before = link.pulse
        guard let answer = try? other.state(of: link) else { return false }
        let after = link.pulse
        return state.with { $0.check.isDead(answer, before: before, after: after, at: .now()) }
    }

    func end() {
        state.with { $0.isEnded = true }
        drop(TrainerError.cancelled("the trainer ends"))
    }

    private static func work(_ state: Monitor<State>, _ shard: ShardIdentity) {
        while let job = nextJob(state) {
            do {
                let link = try connected(state, shard)
                state.with { state in
                    state.isBusy = true
                    state.check = LinkCheck()
                }
                defer { state.with { $0.isBusy = false } }
                try job.run(on: link)
            } catch {
                // What the job ran into, a closed connection, is only what came of the reason.
                let reason = state.with { state in
                    defer { state.dropReason = nil }
                    return state.dropReason
                }
                fail(job, reason ?? error, state)
            }
        }
    }

    private static func nextJob(_ state: Monitor<State>) -> (any ShardJob)? {
        let next: (any ShardJob)?? = state.wait { state in
            if state.isEnded { return .some(nil) }
            return state.queue.isEmpty ? nil : .some(state.queue.removeFirst())
        }
        return next ?? nil
    }

    private static func connected(_ state: Monitor<State>, _ shard: ShardIdentity) throws -> ShardLink {
        let (link, dial, generation) = state.with { ($0.link, $0.dial, $0.generation) }
        if let link { return link }
        guard let dial else { throw TrainerError.noAddress(shard: shard) }
        let fresh = try dial()
        let isWanted = state.with { state in
            guard state.generation == generation, !state.isEnded else { return false }
            state.link = fresh
            return true
        }
        guard isWanted else {
            fresh.connection.close()
            throw TrainerError.cancelled("the connection with shard \(shard) is not wanted any more")
        }
        return fresh
    }

    private static func fail(_ job: any ShardJob, _ error: any Error, _ state: Monitor<State>) {
        let (link, jobs) = state.with { state in
            defer {
                state.link = nil
                state.queue = []
            }
            return (state.link, state.queue)
        }
        link?.connection.close()
        for failed in [job] + jobs { failed.fail(error) }
    }
}
