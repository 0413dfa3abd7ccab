import Foundation
import Logging
import MawsBase
import MawsDatabase
import MawsFiles
import MawsForecast
import MawsPlan
import MawsProcess
import MawsProtocol
import MawsRecords
import MawsReport
import MawsTransport
import MawsWire

/// A coordinator on this machine: its socket, its children, its signals.
extension CoordinatorNode {
    /// Between two looks at what is due.
    private static let turnSeconds = 0.1

    /// Runs the plan to its end, or to where the user stops it. Throws when it cannot go on.
    package func run() throws -> RunOutcome {
        if isFinished { return .finished }
        let certificates = try prepareCertificates()
        let identity = try TLSIdentity(folder: certificates, role: .coordinator)
        ownWarnings = { identity.warnings }
        warn(world.now())
        warnOfTokens()
        let wanted = try Self.address(plan.cluster.listen)
        try recordStart()
        warnOfLittleDisk()
        for note in catalog.notes { logger.notice("\(note)") }
        let (gate, address) = try open(wanted, identity)
        // Until all has ended: a second signal does not wait for children either.
        let signals = StopSignals(mailbox: mailbox, standing: standing)
        defer { signals.restore() }
        defer { shutDown(gate) }
        if plan.cluster.isLocal {
            let cluster = LocalCluster(programs: options.programs, paths: paths, mailbox: mailbox, world: world)
            children = cluster
            try cluster.start(
                plan.cluster, coordinator: "\(address)", certificates: certificates, root: options.root)
        }
        begin()
        while isUnderWay { turn(waitingSeconds: Self.turnSeconds) }
        return try result()
    }

    /// Lets peers in.
    private func open(_ wanted: NetworkAddress, _ identity: TLSIdentity) throws -> (PeerGate, NetworkAddress) {
        let timeoutSeconds = plan.cluster.heartbeatTimeoutSeconds
        let listener = try Listener(
            host: wanted.host, port: wanted.port, identity: identity, allowedRoles: [.server, .trainer, .viewer])
        let gate = PeerGate(
            listener: listener, mailbox: mailbox, collector: collector,
            evaluates: plan.stages.contains { !$0.trains }, heartbeatTimeoutSeconds: timeoutSeconds)
        let check = HolderCheck(identity: identity, mailbox: mailbox, limitSeconds: timeoutSeconds)
        lookFor = { check.begin($0) }
        gate.open()
        let address = NetworkAddress(host: wanted.host, port: listener.port)
        try AtomicFile.write("\(address)\n", to: paths.address)
        logger.info("listening at \(address), run \(self.identity.id), term \(self.identity.term.value)")
        return (gate, address)
    }

    /// Tells everybody who should end with this coordinator, waits for the children, removes the address.
    private func shutDown(_ gate: PeerGate) {
        display.finish()
        dismissPeers()
        children?.stop(graceSeconds: 5)
        gate.close()
        for peer in peers.values { peer.end() }
        try? FileManager.default.removeItem(atPath: paths.address)
    }

    /// Which version goes on with the run, where, from when on.
    func recordStart() throws {
        let start = RunStart(
            at: Date().formatted(.iso8601), version: MawsVersion.number, build: ProgramVersion.build(),
            host: ProcessInfo.processInfo.hostName, term: identity.term.value,
            dataRoot: URL(fileURLWithPath: options.root).standardizedFileURL.path)
        let log = try AppendLog(path: paths.starts)
        try log.append(JSONLine.encode(start))
        try log.synchronize()
        logger.info(
            "maws \(start.version), build \(start.build), on \(start.host): run \(plan.run), data in \(start.dataRoot)")
    }

    /// A disk that fills up ends the run some day: said when it begins.
    func warnOfLittleDisk() {
        let disk = DiskForecast(plan: plan)
        guard plan.cluster.isLocal, let free = disk.freeBytes, free < disk.bytes else { return }
        let (needed, there) = (ByteSize(bytes: disk.bytes), ByteSize(bytes: free))
        logger.warning("the run may need \(needed) on disk, less what of it is there already; \(there) are free")
    }

    /// Certificates private to the run, made anew in their last days, unless the cluster has its own.
    func prepareCertificates() throws -> String {
        let folder = options.certificates ?? paths.certificates
        let isThere = TLSIdentity.isThere(folder: folder, role: .coordinator)
        if options.certificates != nil, !isThere { throw CoordinatorError.noCertificates(folder: folder) }
        if !isThere {
            try CertificateAuthority.make(folder: folder, cluster: identity.id)
            logger.info("made the cluster's certificates in \(folder)")
        } else if options.certificates == nil, try CertificateAuthority.renew(folder: folder) {
            logger.notice("made the run's certificates in \(folder) anew, as their year is nearly over")
        }
        return folder
    }

    static func address(_ listen: String) throws -> NetworkAddress {
        guard let address = NetworkAddress(text: listen) else { throw CoordinatorError.badAddress(listen) }
        return address
    }
}
