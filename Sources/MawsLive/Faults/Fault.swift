/// What can happen to a process, a link or a disk, as schedules and reports name it.
package enum FaultKind: String, CaseIterable, Codable, Sendable {
    /// SIGKILL; started again after the fault's seconds.
    case kill
    /// SIGTERM, then as `kill`.
    case terminate
    /// SIGSTOP, then SIGCONT.
    case pause
    /// The process runs a tenth of the time.
    case slow
    /// Its connections end.
    case cut
    /// Nothing passes in either direction, nor is an end told; what was sent arrives when the fault is over.
    case partition
    /// As `partition`, towards the listening side alone.
    case oneWay = "one-way"
    /// Connections that are there pass nothing any more, for good, and no end is told; new ones are whole.
    case halfOpen = "half-open"
    /// 64 KiB a second.
    case throttle
    /// Each piece arrives 50 ms late.
    case delay
    /// One bit of what passes next.
    case corruptBytes = "corrupt-bytes"
    /// Writes to the process's own files fail with ENOSPC.
    case diskFull = "disk-full"
    /// fsync, fdatasync and msync fail with EIO.
    case syncFails = "sync-fails"
    /// Each write and each sync takes 20 ms longer.
    case slowDisk = "slow-disk"
    /// One bit of a server's state file while it runs, or of the coordinator's newest checkpoint.
    case flipByte = "flip-byte"
    /// Pages of a server's state file are as they were when the fault began: writes that a disk lost and had promised.
    case olderPages = "older-pages"
    /// Two pages of a server's state file have changed places: writes that a disk put elsewhere.
    case exchangedPages = "exchanged-pages"
    /// SIGKILL, and a server's state file or the coordinator's database is gone.
    case diskLost = "disk-lost"
    /// The wall clock is an hour ahead.
    case clockJump = "clock-jump"
    /// SIGKILL of every process at once.
    case killAll = "kill-all"

    /// Whether there is such a thing for such a target.
    package func applies(to target: FaultTarget) -> Bool {
        switch self {
        case .kill, .terminate, .pause, .slow, .clockJump: target.role != "link"
        case .cut, .halfOpen, .partition, .oneWay, .throttle, .delay, .corruptBytes: true
        case .killAll: target.role == "coordinator"
        case .olderPages, .exchangedPages: target.role == "server"
        case .diskFull, .syncFails, .slowDisk, .flipByte, .diskLost:
            target.role == "server" || target.role == "coordinator"
        }
    }

    /// Whether it happens to links; of a process, to all that it has.
    var isOfLinks: Bool { applies(to: .link(.toServer(0))) }

    /// Whether it is over as soon as it happened.
    package var isMoment: Bool { [.cut, .halfOpen, .corruptBytes, .flipByte, .exchangedPages].contains(self) }
}

/// Something that the rig does to a run.
package struct Fault: Hashable, Sendable {
    package var kind: FaultKind
    package var target: FaultTarget
    /// How long it lasts; of a killed process, until it is started again. Of no meaning for what is over at once.
    package var seconds: Double
    /// After so many commits it is over too; nil: only by its time.
    package var commits: Int?

    package init(_ kind: FaultKind, _ target: FaultTarget, seconds: Double, commits: Int? = nil) {
        (self.kind, self.target, self.seconds, self.commits) = (kind, target, seconds, commits)
    }
}
