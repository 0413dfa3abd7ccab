import Foundation
import Glibc

/// Makes faults happen to a cluster, and ends them.
struct FaultHand {
    /// A fault that is under way.
    struct Lasting {
        var fault: Fault
        var end: Double
        /// Until it is over whatever the time.
        var commitsLeft: Int
    }

    /// A slow process runs in a tenth of each of these periods.
    private static let slowPeriodSeconds = 0.05
    private let cluster: LiveCluster
    private var disk: DiskHand
    private(set) var lasting: [Lasting] = []

    init(_ cluster: LiveCluster, seed: UInt64) {
        self.cluster = cluster
        disk = DiskHand(cluster, seed: seed)
    }

    /// What it did, where there is more to say than the fault's kind.
    mutating func begin(_ fault: Fault, _ now: Double) throws -> String {
        if !fault.kind.isMoment {
            lasting.append(Lasting(fault: fault, end: now + fault.seconds, commitsLeft: fault.commits ?? .max))
        }
        switch fault.target {
        case .process(let name): return try begin(fault, cluster.process(name), now)
        case .link: return begin(fault.kind, on: cluster.links(of: fault.target))
        }
    }

    private mutating func begin(_ fault: Fault, _ process: LiveProcess, _ now: Double) throws -> String {
        switch fault.kind {
        case .kill, .terminate:
            process.restartAt = now + max(fault.seconds, 1e-3)
            process.end(by: fault.kind == .kill ? SIGKILL : SIGTERM)
        case .pause: process.signal(SIGSTOP)
        case .slow: break
        case .diskFull: process.page[.diskFull] = 1
        case .syncFails: process.page[.syncFails] = 1
        case .slowDisk: process.page[.slowMicroseconds] = 20_000
        case .clockJump: process.page[.clockSeconds] = 3600
        case .killAll:
            for process in cluster.all {
                process.restartAt = now + max(fault.seconds, 1e-3)
                process.end(by: SIGKILL)
            }
        case .flipByte: return disk.flip(process.name)
        case .exchangedPages: return disk.exchangePages(process.name)
        case .olderPages: disk.keep(process.name)
        case .diskLost:
            process.restartAt = now + max(fault.seconds, 1e-3)
            process.end(by: SIGKILL)
            while process.isRunning { usleep(500) }
            return try disk.lose(process.name)
        default: return begin(fault.kind, on: cluster.links(of: fault.target))
        }
        return ""
    }

    private func begin(_ kind: FaultKind, on links: [LinkProxy]) -> String {
        for link in links {
            switch kind {
            case .cut: link.cut()
            case .halfOpen: link.silence()
            case .partition: link.set { ($0.isForwardBlocked, $0.isBackwardBlocked) = (true, true) }
            case .oneWay: link.set { $0.isForwardBlocked = true }
            case .throttle: link.set { $0.bytesPerSecond = 65_536 }
            case .delay: link.set { $0.delaySeconds = 0.05 }
            case .corruptBytes: link.set { $0.corruptsNext = true }
            default: break
            }
        }
        return links.count == 1 ? "" : "\(links.count) links"
    }

    /// Calls of the C library that the fault's process made and the shim met, since it was asked last.
    func callsHit(by fault: Fault) -> Int64? {
        guard [.diskFull, .syncFails, .slowDisk].contains(fault.kind), case .process(let name) = fault.target else {
            return nil
        }
        let page = cluster.process(name).page
        defer { page[.callsHit] = 0 }
        return page[.callsHit]
    }

    /// Goes on with what lasts; gives the faults that are over now.
    /// - Parameter commits: steps that were committed since the last time.
    mutating func goOn(_ now: Double, commits: Int) -> [Fault] {
        for index in lasting.indices { lasting[index].commitsLeft -= commits }
        let over = lasting.filter { $0.end <= now || $0.commitsLeft <= 0 }.map(\.fault)
        lasting.removeAll { $0.end <= now || $0.commitsLeft <= 0 }
        for fault in over { end(fault) }
        for case let .process(name) in lasting.filter({ $0.fault.kind == .slow }).map(\.fault.target) {
            let isOn = (now / Self.slowPeriodSeconds).truncatingRemainder(dividingBy: 1) < 0.1
            cluster.process(name).signal(isOn ? SIGCONT : SIGSTOP)
        }
        return over
    }

    private mutating func end(_ fault: Fault) {
        switch fault.target {
        case .process(let name):
            let process = cluster.process(name)
            switch fault.kind {
            case .pause, .slow: process.signal(SIGCONT)
            case .terminate: if process.isRunning { process.end(by: SIGKILL) }
            case .diskFull: process.page[.diskFull] = 0
            case .syncFails: process.page[.syncFails] = 0
            case .slowDisk: process.page[.slowMicroseconds] = 0
            case .clockJump: process.page[.clockSeconds] = 0
            case .olderPages: disk.restore(name)
            default: break
            }
        case .link: break
        }
        if [.partition, .oneWay, .throttle, .delay].contains(fault.kind) {
            for link in cluster.links(of: fault.target) { link.set { $0 = .whole } }
        }
    }
}
