import MawsBase

/// What a parameter server is told at its start.
package struct ServerOptions: Sendable {
    package var shard: ShardIdentity
    package var coordinator: NetworkAddress
    /// Folder with `ca.pem`, `server.pem` and `server.key`.
    package var certificates: String
    /// Folder of the state file.
    package var stateFolder: String
    /// Where trainers reach this server; port 0 lets the system choose.
    package var listen: NetworkAddress
    /// Host name or address that trainers are told, where it differs from that of `listen`.
    package var advertisedHost: String?
    package var name: String
    /// Threads that add gradients up and apply the optimizer. Any number gives the same bits.
    package var threads: Int
    /// A child of a local coordinator ends with it instead of looking for another.
    package var exitsWithCoordinator: Bool
    /// How long an absent coordinator is looked for.
    package var reconnectSeconds: Double = 600
    /// Silence after which the coordinator counts as gone.
    package var coordinatorTimeoutSeconds: Double = 10
    /// Part of its time that a thread spends looking through the state for damage; 0: none looks.
    package var scrubShare = StateScrub.defaultShare
    /// Memory for gradients that wait to be added.
    package var bufferLimitBytes: Int = BufferPool.defaultLimitBytes
    /// What the process may have in memory, its mapped state included; nil: what the system lets it have.
    package var memoryBytes: Int? {
        didSet {
            guard let memoryBytes else { return }
            bufferLimitBytes = ResidentWatch(limitBytes: memoryBytes).bufferLimitBytes
        }
    }

    package init(
        shard: ShardIdentity, coordinator: NetworkAddress, certificates: String, stateFolder: String,
        listen: NetworkAddress = NetworkAddress(host: "127.0.0.1", port: 0), advertisedHost: String? = nil,
        name: String? = nil, threads: Int = 1, exitsWithCoordinator: Bool = false
    ) {
        self.shard = shard
        self.coordinator = coordinator
        self.certificates = certificates
        self.stateFolder = stateFolder
        self.listen = listen
        self.advertisedHost = advertisedHost
        self.name = name ?? "server-\(shard.index)"
        self.threads = threads
        self.exitsWithCoordinator = exitsWithCoordinator
    }

    /// `shard-3-of-16`, the stem of the shard's files.
    var stem: String { "\(stateFolder)/shard-\(shard.index)-of-\(shard.count)" }
}

/// Why a parameter server ends, or ends a connection.
package enum ServerError: Error, Hashable, Sendable, CustomStringConvertible {
    case noCoordinator(address: String, seconds: Int, reason: String)
    case coordinatorGone(address: String, reason: String)
    case refused(address: String, reason: String, mayTryAgain: Bool)
    case stopped(reason: String)
    /// The peer breaks the protocol.
    case breach(peer: String, reason: String)
    /// No trainer can join any more.
    case deaf(reason: String)
    /// What must be true of the shard is not: a fault of this program.
    case disorder([String])

    package var description: String {
        switch self {
        case .noCoordinator(let address, let seconds, let reason):
            "no coordinator at \(address) for \(seconds) s, the last try said: \(reason). "
                + "Check the address and that maws-coord runs there."
        case .coordinatorGone(let address, let reason):
            "the coordinator at \(address) is gone (\(reason)), and this server ends with it."
        case .refused(let address, let reason, _):
            "the coordinator at \(address) refused this server: \(reason)."
        case .stopped(let reason):
            "the coordinator stopped this server: \(reason)."
        case .breach(let peer, let reason):
            "\(peer) does not keep to the protocol: \(reason). Check that both run one version of maws."
        case .deaf(let reason):
            "no trainer can join any more: \(reason). The process ends; started again it goes on with its state file."
        case .disorder(let violations):
            "the shard is in disorder, which is a fault of maws-ps: \(violations.joined(separator: "; ")). The process "
                + "ends; the state file holds the last version."
        }
    }
}
