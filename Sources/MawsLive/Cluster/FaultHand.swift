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
        if fault.kind.isOfLinks { return begin(fault.kind, on: cluster.links(of: fault.target)) }
        guard case .process(let name) = fault.target else { return "" }
        return try begin(fault, cluster.process(name), now)
    }

    private mutating func begin(_ fault: Fault, _ process: LiveProcess, _ now: Double) throws -> String {
        if let (slot, value) = fault.kind.page { process.page[slot] = value }
        let back = now + max(fault.seconds, 1e-3)
        switch fault.kind {
        case .kill: process.end(by: SIGKILL, backAt: back)
        case .terminate: process.end(by: SIGTERM, backAt: back)
        case .killAll: for process in cluster.all { process.end(by: SIGKILL, backAt: back) }
        case .pause: process.signal(SIGSTOP)
        case .flipByte: return disk.flip(process.name)
        case .exchangedPages: return disk.exchangePages(process.name)
        case .olderPages: disk.keep(process.name)
        case .diskLost:
            process.end(by: SIGKILL, backAt: back)
            while process.isRunning { usleep(500) }
            return try disk.lose(process.name)
        default: break
        }
        return ""
    }

    private func begin(_ kind: FaultKind, on links: [LinkProxy]) -> String {
        for link in links {
            switch kind {
            case .cut: link.cut()
            case .halfOpen: link.silence()
            case .corruptBytes: link.set { $0.corruptsNext = true }
            default: if let rule = kind.rule { link.set { $0 = rule } }
            }
        }
        return links.count == 1 ? "" : "\(links.count) links"
    }

    /// Calls of the C library that the fault's process made and the shim met, since it was asked last.
    func callsHit(by fault: Fault) -> Int64? {
        guard fault.kind.isOfDiskCalls, case .process(let name) = fault.target else { return nil }
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
        if fault.kind.rule != nil { for link in cluster.links(of: fault.target) { link.set { $0 = .whole } } }
        guard case .process(let name) = fault.target else { return }
        let process = cluster.process(name)
        if let (slot, _) = fault.kind.page { process.page[slot] = 0 }
        switch fault.kind {
        case .pause, .slow: process.signal(SIGCONT)
        case .terminate: if process.isRunning { process.end(by: SIGKILL) }
        case .olderPages: disk.restore(name)
        default: break
        }
    }
}

extension FaultKind {
    /// What the shim in a process is told while the fault lasts.
    fileprivate var page: (slot: FaultPage.Slot, value: Int64)? {
        switch self {
        case .diskFull: (.diskFull, 1)
        case .syncFails: (.syncFails, 1)
        case .slowDisk: (.slowMicroseconds, 20_000)
        case .clockJump: (.clockSeconds, 3600)
        default: nil
        }
    }

    /// Whether the shim counts the calls that it met.
    fileprivate var isOfDiskCalls: Bool { page != nil && self != .clockJump }

    /// What a link does while the fault lasts.
    fileprivate var rule: LinkRule? {
        switch self {
        case .partition: LinkRule(isForwardBlocked: true, isBackwardBlocked: true)
        case .oneWay: LinkRule(isForwardBlocked: true)
        case .throttle: LinkRule(bytesPerSecond: 65_536)
        case .delay: LinkRule(delaySeconds: 0.05)
        default: nil
        }
    }
}
