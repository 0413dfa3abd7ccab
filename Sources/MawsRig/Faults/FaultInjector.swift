import MawsBase

/// Does to a world what its faults say, when they say it.
final class FaultInjector {
    private let world: World
    private let cluster: Cluster
    private var chance: Chance
    private var waiting: [CrashPoint: [(host: Int, left: Int, fault: Fault)]] = [:]
    private(set) var injectedCount = 0

    init(_ world: World, _ cluster: Cluster) {
        (self.world, self.cluster) = (world, cluster)
        chance = Chance(seed: world.seed, .disk)
    }

    func begin(_ faults: [Fault]) {
        for fault in faults {
            switch fault.when {
            case .at(let seconds): world.after(seconds, nil) { self.inject(fault) }
            case .reaching(let point, let host, let count):
                waiting[point, default: []].append((host, count, fault))
            }
        }
        guard !waiting.isEmpty else { return }
        world.reached = { [unowned self] in reached($0, $1) }
    }

    private func reached(_ process: Process, _ point: CrashPoint) {
        guard var own = waiting[point] else { return }
        var due: [Fault] = []
        for index in own.indices where own[index].host == process.host {
            own[index].left -= 1
            if own[index].left == 0 { due.append(own[index].fault) }
        }
        waiting[point] = own
        guard world.seconds < FaultPlan.secondsMax else { return }
        for fault in due { inject(fault) }
    }

    private func inject(_ fault: Fault) {
        guard !cluster.isFinished else { return }
        injectedCount += 1
        world.note(.fault, UInt64(injectedCount))
        world.say("FAULT \(fault)")
        perform(fault.what)
    }

    private func perform(_ fault: Fault.What) {
        switch fault {
        case .kill(let host, let seconds): kill(host, seconds)
        case .stop(let host, let seconds):
            cluster.process(host)?.stoppedUntil = world.nanoseconds + UInt64(seconds * 1e9)
            if host == 0 { cluster.takeOver() }
        case .slow(let host, let factor, let seconds):
            guard let process = cluster.process(host) else { return }
            process.slowness = factor
            world.after(seconds, nil) { process.slowness = 1 }
        case .powerOff(let host, let seconds):
            if 1...cluster.shape.shards ~= host { world.oracle.stateWasLost() }
            cluster.powerOff(host, seconds: seconds)
        case .askToStop: cluster.askToStop()
        case .dismiss(let host): cluster.dismiss(host)
        case .move(let host):
            cluster.move(host)
            kill(host, 0.3)
        case .block, .isolate, .swizzle, .delay, .cut, .deafen: disturb(fault)
        default: destroy(fault)
        }
    }

    private func kill(_ host: Int, _ seconds: Double) {
        if let process = cluster.process(host) { cluster.kill(process, awaySeconds: seconds) }
    }

    private func disturb(_ fault: Fault.What) {
        let network = world.network
        switch fault {
        case .block(let from, let to, let seconds): network.block(from: from, to: to, seconds: seconds)
        case .isolate(let host, let seconds): isolate(host, seconds)
        case .swizzle(let seconds):
            for host in 0..<cluster.hostCount where chance.happens(0.6) {
                let (begin, end) = (chance.seconds(0...seconds), chance.seconds(0...seconds))
                world.after(begin, nil) { self.isolate(host, max(0.01, end)) }
            }
        case .delay(let from, let to, let latency, let seconds):
            network.slowDown(from: from, to: to, by: latency, for: seconds)
        case .cut(let first, let second): network.cut(first, second)
        case .deafen(let from, let to): network.deafen(from: from, to: to)
        default: break
        }
    }

    private func isolate(_ host: Int, _ seconds: Double) {
        for other in 0..<cluster.hostCount where other != host {
            world.network.block(from: host, to: other, seconds: seconds)
            world.network.block(from: other, to: host, seconds: seconds)
        }
    }

    private func destroy(_ fault: Fault.What) {
        let disk = cluster.disk
        switch fault {
        case .loseState(let host, let seconds):
            world.oracle.stateWasLost()
            kill(host, seconds)
            cluster.serverDisks[host - 1].file = nil
        case .damageState(let host, let isKilled):
            world.oracle.stateWasLost()
            if isKilled { kill(host, 0.2) }
            cluster.serverDisks[host - 1].file?.isDamaged = true
        case .damageCheckpoint(let number):
            // A run without a database has its checkpoints and nothing else.
            guard disk.database != nil, !disk.isDatabaseDamaged else { return }
            world.oracle.stateWasLost()
            let positions = disk.checkpoints.keys.sorted(by: >)
            if number < positions.count { disk.checkpoints[positions[number]]?.isDamaged = true }
        case .loseDatabase(let seconds), .damageDatabase(let seconds):
            // A run of which nothing is left but its database has no second beginning.
            guard disk.checkpoints.values.contains(where: { !$0.isDamaged }) else { return }
            world.oracle.databaseWasLost()
            kill(0, seconds)
            if case .loseDatabase = fault { disk.database = nil } else { disk.isDatabaseDamaged = true }
        case .fillDisk(let host, let seconds):
            let until = world.nanoseconds + UInt64(seconds * 1e9)
            if host == 0 { disk.fullUntil = until } else { cluster.serverDisks[host - 1].fullUntil = until }
        case .failWrites(let count): disk.failingWrites += count
        default: break
        }
    }
}
