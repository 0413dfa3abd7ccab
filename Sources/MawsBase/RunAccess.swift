/// Who may read what a run leaves: weights, records, logs. Keys and servers' state files are their owner's alone
/// always.
package enum RunAccess: String, Codable, CaseIterable, Hashable, Sendable {
    case owner = "private"
    case group
    case world

    /// The bits that no file and no folder of the run has, as `umask` takes them.
    package var withheldBits: UInt32 {
        switch self {
        case .owner: 0o077
        case .group: 0o027
        case .world: 0o022
        }
    }

    /// What a file of this mode was made with.
    package init(fileMode: UInt32) {
        self = fileMode & 0o004 != 0 ? .world : fileMode & 0o040 != 0 ? .group : .owner
    }
}
