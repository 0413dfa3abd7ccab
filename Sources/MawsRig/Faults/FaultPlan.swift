import MawsBase

/// The faults of a world, drawn from its seed before it begins.
struct FaultPlan {
    /// After this nothing is done to the world any more, and it has to come to its end.
    static let secondsMax = 40.0

    let shape: RunShape
    private var chance: Chance

    init(seed: UInt64, shape: RunShape) {
        self.shape = shape
        chance = Chance(seed: seed, .faults)
    }

    private var hosts: Int { 1 + shape.shards + shape.trainers }
    private mutating func server() -> Int { 1 + chance.below(shape.shards) }
    private mutating func trainer() -> Int { 1 + shape.shards + chance.below(shape.trainers) }

    /// Each world has its own kinds of fault, few or many.
    mutating func draw() -> [Fault] {
        let count = chance.pick([0, 1, 2, 3, 4, 6, 9, 14])
        let span = chance.seconds(3...Self.secondsMax)
        let isDestroying = chance.happens(0.35)
        return (0..<count).map { _ in
            let when = chance.happens(0.5) ? Fault.When.at(chance.seconds(0.2...span)) : point()
            if case .reaching(_, let host, _) = when {
                return Fault(when: when, what: .kill(host: host, awaySeconds: chance.seconds(0.05...6)))
            }
            return Fault(when: when, what: isDestroying && chance.happens(0.4) ? destruction() : disturbance())
        }
    }

    private mutating func point() -> Fault.When {
        let count = 1 + chance.below(chance.pick([2, 8, 30]))
        switch chance.below(5) {
        case 0:
            let step = chance.pick(ShardStep.allCases)
            return .reaching(.shard(step, isDone: chance.happens(0.5)), host: server(), count: count)
        case 1:
            let step = chance.pick([ShardStep.change, .apply, .sealReduced, .storeBlock, .send, .report])
            return .reaching(.shard(step, isDone: chance.happens(0.5)), host: server(), count: count)
        case 2:
            let step = chance.pick(CoordinatorStep.allCases)
            return .reaching(.coordinator(step, isDone: chance.happens(0.5)), host: 0, count: count)
        case 3: return .reaching(chance.pick([.written, .published]), host: 0, count: count)
        default: return .reaching(.trainer, host: trainer(), count: 3 * count)
        }
    }

    private mutating func disturbance() -> Fault.What {
        let host = chance.below(hosts)
        let other = (host + 1 + chance.below(hosts - 1)) % hosts
        let seconds = chance.pick([chance.seconds(0.05...2), chance.seconds(2...15)])
        switch chance.below(16) {
        case 0, 1, 2: return .kill(host: host, awaySeconds: seconds)
        case 3, 4: return .stop(host: host, seconds: seconds)
        case 5: return .slow(host: host, factor: chance.seconds(2...30), seconds: seconds)
        case 6: return .block(from: host, to: other, seconds: seconds)
        case 7: return .isolate(host: host, seconds: seconds)
        case 8: return .swizzle(seconds: seconds)
        case 9: return .delay(from: host, to: other, latency: chance.seconds(0.01...1), seconds: seconds)
        case 10: return .cut(host, other)
        case 11: return .deafen(from: host, to: other)
        case 12: return .askToStop
        case 13: return .move(host: server())
        case 14: return .failWrites(count: 1 + chance.below(2))
        default: return .dismiss(host: trainer())
        }
    }

    private mutating func destruction() -> Fault.What {
        let seconds = chance.seconds(0.1...8)
        switch chance.below(8) {
        case 0, 1: return .loseState(host: server(), awaySeconds: seconds)
        case 2: return .powerOff(host: chance.below(hosts), seconds: seconds)
        case 3: return .damageState(host: server(), isKilled: chance.happens(0.5))
        case 4: return .damageCheckpoint(number: chance.below(4))
        case 5: return .loseDatabase(awaySeconds: seconds)
        case 6: return .damageDatabase(awaySeconds: seconds)
        default: return .fillDisk(host: chance.below(1 + shape.shards), seconds: seconds)
        }
    }
}
