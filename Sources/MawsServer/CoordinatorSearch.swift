import MawsBase
import MawsTransport

/// How long and how often an absent coordinator is looked for.
struct CoordinatorSearch {
    private let options: ServerOptions
    private var absentSince = Moment.now()
    /// Failed tries since it was last there.
    private(set) var attempts = 0
    private(set) var wasFound = false

    init(options: ServerOptions) { self.options = options }

    /// 0.25 s after the first failure, doubling up to 4 s.
    var pauseSeconds: Double { 0.25 * Double(1 << min(max(0, attempts - 1), 4)) }

    /// A connection that had been welcomed ended.
    mutating func lost(_ reason: String) throws {
        if options.exitsWithCoordinator {
            throw ServerError.coordinatorGone(address: "\(options.coordinator)", reason: reason)
        }
        absentSince = .now()
        attempts = 0
        wasFound = true
    }

    /// A try failed; throws when it was the last one.
    mutating func failed(_ error: TransportError) throws {
        attempts += 1
        let seconds = Moment.now().seconds(since: absentSince)
        if seconds >= options.reconnectSeconds {
            throw ServerError.noCoordinator(
                address: "\(options.coordinator)", seconds: Int(seconds), reason: "\(error)")
        }
    }

    /// Certificates do not get better by waiting.
    func isWorthRepeating(_ error: TransportError) -> Bool {
        switch error {
        case .noCertificate, .otherCluster, .badCertificate, .wrongRole, .refusedByPeer, .badFile: false
        default: true
        }
    }
}
