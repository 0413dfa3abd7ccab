import Glibc
import MawsBase
import MawsWire
import Synchronization

/// Takes in all connections of a listener on one thread: it polls those that have not proven who they are, goes on with
/// their handshakes as far as each goes, and hands out those that have. Whoever connects therefore costs a socket and
/// no thread, for ten seconds at most; there are only so many of them, and one that is slow delays nobody.
package final class Reception: @unchecked Sendable {
    /// What becomes of those who come, for a log. Called on the reception's thread.
    package enum Remark: Sendable {
        /// A newcomer at this host was not let in.
        case refused(host: String, sentence: String)
        /// The process has no descriptor left; newcomers are turned away.
        case noRoom(String)
    }

    private let listener: Listener
    private let budget: ReceptionBudget
    private let admit: @Sendable (Connection) -> Void
    private let say: @Sendable (Remark) -> Void
    private let census = Census()
    // The rest belongs to the thread that runs.
    private var newcomers: [Newcomer] = []
    private var acceptsFrom = Moment(nanoseconds: 0)
    /// Gives its place to a connection that is accepted in order to be turned away.
    private var spare: Int32 = -1

    /// - Parameter admit: gets each connection that is proven; it must not wait.
    package init(
        _ listener: Listener, budget: ReceptionBudget, admit: @escaping @Sendable (Connection) -> Void,
        say: @escaping @Sendable (Remark) -> Void
    ) {
        (self.listener, self.budget, self.admit, self.say) = (listener, budget, admit, say)
    }

    /// Runs until the listener is closed; throws when it cannot listen any more.
    package func run() throws {
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            newcomers = []
            if spare >= 0 { close(spare) }
        }
        while true {
            let isReady = wait()
            let now = Moment.now()
            for (newcomer, isReady) in zip(newcomers, isReady.dropFirst()) { look(at: newcomer, isReady, now) }
            newcomers.removeAll { $0.isDone }
            guard try isReady[0] ? acceptAll(now) : !listener.isClosed else { return }
        }
    }

    /// - Returns: whether there is something at the listener, then at each newcomer.
    private func wait() -> [Bool] {
        let now = Moment.now()
        let accepts = now >= acceptsFrom && hasPlace(now)
        var entries = [pollfd(fd: accepts ? listener.descriptor : -1, events: Int16(POLLIN), revents: 0)]
        entries += newcomers.map { pollfd(fd: $0.connection.descriptor, events: Int16(POLLIN), revents: 0) }
        // Deadlines are looked at that often.
        let count = Glibc.poll(&entries, nfds_t(entries.count), accepts ? 250 : 50)
        return entries.map { count > 0 && $0.revents != 0 }
    }

    private func look(at newcomer: Newcomer, _ isReady: Bool, _ now: Moment) {
        if now < newcomer.deadline {
            guard isReady else { return }
            newcomer.isLeaving ? leave(newcomer) : shake(newcomer, now)
        } else {
            if !newcomer.isLeaving {
                let error = TransportError.timedOut(
                    peer: newcomer.connection.remoteAddress, waitingFor: "the TLS handshake",
                    seconds: budget.handshakeSeconds)
                refused(newcomer, "\(error)")
            }
            end(newcomer)
        }
    }

    private func shake(_ newcomer: Newcomer, _ now: Moment) {
        do {
            guard try newcomer.connection.continueHandshake() else { return }
            switch census.enter(newcomer.connection.peer, budget) {
            case .success(let place):
                newcomer.isDone = true
                newcomer.connection.place = place
                admit(newcomer.connection)
            case .failure(let full):
                refused(newcomer, "refused \(newcomer.connection.peerName): \(full.sentence)")
                sayFarewell(newcomer, full.sentence, now)
            }
        } catch {
            refused(newcomer, "\(error)")
            // A certificate of another role: the handshake is complete, so that a sentence can be sent.
            var sentence: String?
            if case TransportError.wrongRole = error { sentence = "\(error)" }
            sayFarewell(newcomer, sentence, now)
        }
    }

    private func sayFarewell(_ newcomer: Newcomer, _ sentence: String?, _ now: Moment) {
        newcomer.connection.endSending(sentence)
        newcomer.isLeaving = true
        newcomer.deadline = now + budget.farewellSeconds
    }

    private func leave(_ newcomer: Newcomer) {
        if !newcomer.connection.drainNow() { end(newcomer) }
    }

    private func end(_ newcomer: Newcomer) {
        newcomer.isDone = true
        newcomer.connection.close()
    }

    private func refused(_ newcomer: Newcomer, _ sentence: String) {
        say(.refused(host: newcomer.host, sentence: sentence))
    }

    // MARK: - Accepting

    /// A newcomer that has been here for a while makes room for another.
    private func hasPlace(_ now: Moment) -> Bool {
        guard newcomers.count >= budget.newcomersMax else { return true }
        return newcomers.contains { now.seconds(since: $0.since) >= budget.patienceSeconds }
    }

    /// - Returns: false when the listener is closed.
    private func acceptAll(_ now: Moment) throws -> Bool {
        while hasPlace(now) {
            switch try listener.acceptNow() {
            case .closed: return false
            case .nobody: return true
            case .noRoom(let reason):
                shed(now, reason)
                return true
            case .connection(let connection):
                connection.allow(.stranger)
                let newcomer = Newcomer(connection, since: now, deadline: now + budget.handshakeSeconds)
                makePlace(for: newcomer, now)
                if !newcomer.isDone { newcomers.append(newcomer) }
            }
        }
        return true
    }

    /// The one that is there longest gives way, of the same address where that has too many.
    private func makePlace(for newcomer: Newcomer, _ now: Moment) {
        let neighbours = newcomers.filter { $0.host == newcomer.host }
        let isCrowded = neighbours.count >= budget.newcomersPerAddressMax
        guard isCrowded || newcomers.count >= budget.newcomersMax else { return }
        guard let oldest = (isCrowded ? neighbours : newcomers).min(by: { $0.since < $1.since }) else { return }
        let isOld = now.seconds(since: oldest.since) >= budget.patienceSeconds
        let leaving = isOld ? oldest : newcomer
        refused(leaving, "\(leaving.connection.remoteAddress) has not proven who it is, and many others came")
        end(leaving)
        newcomers.removeAll { $0.isDone }
    }

    /// The newest of those who have not proven who they are goes; where there is none, who waits is turned away.
    private func shed(_ now: Moment, _ reason: String) {
        say(.noRoom(reason))
        acceptsFrom = now + 0.05
        if let newest = newcomers.last {
            end(newest)
            newcomers.removeLast()
        } else if spare >= 0 {
            close(spare)
            _ = try? listener.acceptNow()
            spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        }
    }
}

/// A connection whose holder has not proven who it is, or is about to leave.
private final class Newcomer {
    let connection: Connection
    let host: String
    let since: Moment
    var deadline: Moment
    var isLeaving = false
    var isDone = false

    init(_ connection: Connection, since: Moment, deadline: Moment) {
        self.connection = connection
        (self.since, self.deadline) = (since, deadline)
        host = NetworkAddress(text: connection.remoteAddress)?.host ?? connection.remoteAddress
    }
}
