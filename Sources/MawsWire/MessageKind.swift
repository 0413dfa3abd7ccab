/// The number of a message in the frame header. Numbers never change meaning.
package enum MessageKind: UInt8, Hashable, CaseIterable, Sendable {
    case hello = 1
    case welcome = 2
    case refused = 3
    case heartbeat = 4

    case configure = 16
    case restore = 17
    case restoreDone = 18
    case restored = 19
    case reduced = 20
    case commit = 21
    case applied = 22
    case snapshot = 23
    case snapshotSlice = 24
    case bulk = 25
    case restoreRequest = 26
    case freeze = 27
    case sliceKept = 28
    case thaw = 29

    case roster = 32
    case leaseRequest = 33
    case leases = 34
    case unitDone = 35
    case unitFailed = 36
    case shutdown = 37

    case gather = 48
    case gathered = 49
    case unavailable = 50
    case push = 51
    case flush = 52
    case flushed = 53
    case shareRows = 54
    case gatherRows = 55
    case sharedRows = 56
    case linkRequest = 57
    case linkState = 58

    case statusRequest = 64
    case status = 65

    /// The largest body a receiver makes room for, in bytes.
    package var bodyLimit: Int {
        switch self {
        case .welcome, .configure, .reduced, .roster, .unitDone, .status: 64 << 20
        case .hello, .refused, .leaseRequest, .leases, .unitFailed, .shutdown, .unavailable: 64 << 10
        case .push, .shareRows, .flush: 256
        default: 64
        }
    }

    /// The largest payload, in bytes; 0 for messages that never carry one.
    package var payloadLimit: Int {
        switch self {
        case .restore, .snapshotSlice, .gathered, .push, .shareRows, .sharedRows: 2 << 30
        default: 0
        }
    }
}

extension Message {
    package var kind: MessageKind {
        switch self {
        case .hello: .hello
        case .welcome: .welcome
        case .refused: .refused
        case .heartbeat: .heartbeat
        case .configure: .configure
        case .restore: .restore
        case .restoreDone: .restoreDone
        case .restored: .restored
        case .reduced: .reduced
        case .commit: .commit
        case .applied: .applied
        case .snapshot: .snapshot
        case .snapshotSlice: .snapshotSlice
        case .bulk: .bulk
        case .restoreRequest: .restoreRequest
        case .freeze: .freeze
        case .sliceKept: .sliceKept
        case .thaw: .thaw
        case .roster: .roster
        case .leaseRequest: .leaseRequest
        case .leases: .leases
        case .unitDone: .unitDone
        case .unitFailed: .unitFailed
        case .shutdown: .shutdown
        case .gather: .gather
        case .gathered: .gathered
        case .unavailable: .unavailable
        case .push: .push
        case .flush: .flush
        case .flushed: .flushed
        case .shareRows: .shareRows
        case .gatherRows: .gatherRows
        case .sharedRows: .sharedRows
        case .linkRequest: .linkRequest
        case .linkState: .linkState
        case .statusRequest: .statusRequest
        case .status: .status
        }
    }
}
