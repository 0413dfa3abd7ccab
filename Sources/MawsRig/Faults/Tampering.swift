import MawsBase
import MawsProtocol
import MawsWire

/// What stands between cores and their shells: nothing at all, or one mistake.
struct Tampering {
    var mutation: Mutation?
    let shardCount: Int

    func does(_ mutation: Mutation) -> Bool { self.mutation == mutation }

    func coordinator(_ core: inout CoordinatorCore, _ event: CoordinatorEvent, _ now: Moment) -> [CoordinatorAction] {
        switch (mutation, event) {
        case (.believeOldReplies, .restored(let peer, _, let position)):
            return core.step(.restored(peer, core.reply(of: peer) ?? Self.noReply, position), now: now)
        case (.believeOldReplies, .applied(let peer, _, let position)):
            return core.step(.applied(peer, core.reply(of: peer) ?? Self.noReply, position), now: now)
        case (.believeWithoutReceipts, .unitDone(let peer, var done)):
            done.receipt = receipt(of: done, core)
            return core.step(.unitDone(peer, done), now: now)
        default: return core.step(event, now: now)
        }
    }

    private static let noReply = Reply(term: Term(0), request: .none)

    /// What the coordinator would have all shards say of a unit.
    private func receipt(of done: UnitDone, _ core: CoordinatorCore) -> AuthenticationCode {
        guard done.level < 32 else { return done.receipt }
        let first = UnitIndex((done.unit.value >> done.level) << done.level)
        let grant = LeaseGrant(
            phase: done.phase, firstUnit: first, unitCount: 1, mayBeNonFinite: false, code: .none)
        let flush = Flush(
            term: core.term, stage: done.stage, step: done.step, unit: first, level: done.level, grant: grant)
        var receipts = AuthenticationCode.none
        let shards =
            core.stage.commits && Int(done.phase) == core.stage.unitsInPhase.count - 1
            ? Array(0..<shardCount) : [Int(done.unit.value) % shardCount]
        for shard in shards {
            let holder = core.holder(of: ShardIdentity(index: shard, count: shardCount))
            guard let keys = holder.flatMap(core.keys) else { return done.receipt }
            receipts = receipts.joined(with: ReceiptSeal(keys: keys, shard: shard).receipt(flush))
        }
        return receipts
    }

    func shard(_ core: inout ShardCore, _ event: ShardEvent, _ now: Moment) -> ShardActions {
        switch (mutation, event) {
        case (.forgetTerm, .committed(var commit)):
            commit.term = core.term
            return core.step(.committed(commit), now: now)
        case (.forgetTerm, .pushAnnounced(var push)):
            push.term = core.term
            return core.step(.pushAnnounced(push), now: now)
        case (.forgetTerm, .pushReceived(var push, let generation)):
            push.term = core.term
            return core.step(.pushReceived(push, generation), now: now)
        case (.countDuplicate, .pushAnnounced(let push)):
            let actions = core.step(event, now: now)
            guard actions.locked == [.discard], push.term == core.term, core.phase == .serving else { return actions }
            return .locked(.receive(core.generation))
        default: return core.step(event, now: now)
        }
    }

    func sum(_ left: [Cell], _ right: [Cell]) -> [Cell] {
        does(.sumInOtherOrder) ? zip(right, left).map { $0 + $1 } : zip(left, right).map { $0 + $1 }
    }

    func fromCoordinator(_ message: Message) -> Message {
        guard does(.otherClipScale), case .commit(var commit) = message, commit.clipScale < 1 else { return message }
        commit.clipScale = 1
        return .commit(commit)
    }

    /// When a write is there, and when it is said to be.
    func writeMoments(_ seconds: Double, isEarly: Bool) -> (kept: Double, done: Double) {
        if does(.acknowledgeBeforeSync) { return (seconds + 0.3, seconds) }
        return (isEarly ? seconds / 2 : seconds, seconds)
    }
}
