import MawsBase
import MawsProtocol
import MawsTransport

/// How long and how often an absent coordinator is looked for.
package struct CoordinatorSearch {
    private let options: ServerOptions
    private var absentSince: Moment
    /// Failed tries since it was last there.
    package private(set) var attempts = 0
    private var wasFound = false
    private var isRefused = false

    package init(options: ServerOptions, now: Moment) { (self.options, absentSince) = (options, now) }

    /// Up to 1 s where the coordinator is there and may soon take this server.
    package var pauseSeconds: Double { min(isRefused ? 1 : .infinity, RetryPause.seconds(tries: attempts)) }

    /// A connection that had been welcomed ended.
    package mutating func lost(_ reason: String, _ now: Moment) throws {
        if options.exitsWithCoordinator {
            throw ServerError.coordinatorGone(address: "\(options.coordinator)", reason: reason)
        }
        absentSince = now
        attempts = 0
        wasFound = true
    }

    /// A try failed; throws when it was the last one.
    package mutating func failed(_ error: any Error, _ now: Moment) throws {
        attempts += 1
        if case ServerError.refused = error { isRefused = true } else { isRefused = false }
        let seconds = now.seconds(since: absentSince)
        if seconds >= options.reconnectSeconds {
            throw ServerError.noCoordinator(
                address: "\(options.coordinator)", seconds: Int(seconds), reason: "\(error)")
        }
    }

    /// Certificates do not get better by waiting. A coordinator that does not know yet that this shard's last server is
    /// gone does; but where another process took the place of this one, its state is the older one.
    package func isWorthRepeating(_ error: any Error) -> Bool {
        switch error {
        case TransportError.noCertificate, TransportError.otherCluster, TransportError.badCertificate,
            TransportError.wrongRole, TransportError.refusedByPeer, TransportError.badFile:
            false
        case ServerError.refused(_, _, let mayTryAgain): mayTryAgain && !wasFound
        default: error is TransportError
        }
    }
}
