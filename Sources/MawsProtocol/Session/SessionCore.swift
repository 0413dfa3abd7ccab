import MawsBase
import MawsWire

/// A shard's session with one trainer as a pure machine: what may be sent, in which order requests are answered, what
/// was lost since the last flush. It touches no socket, thread, buffer, lock or clock.
///
/// A session does one thing after the other: the next message is received when the last one is dealt with.
package struct SessionCore: Sendable {
    private enum Phase: Hashable {
        case greeting
        /// The next message may come.
        case idle
        case announced(Upload, payloadCount: Int)
        case awaitingMemory(Upload, payloadCount: Int, ShardGeneration)
        case receiving(Upload, ShardGeneration)
        case delivered(Upload)
        case asking
        case confirming(Flush)
        case ended
    }

    private let shard: ShardIdentity
    private var phase = Phase.greeting
    /// Why a payload since the last flush was dropped although it may be needed.
    private var loss: String?
    /// Whether a gradient since the last flush was not taken as it is not finite.
    private var isNonFinite = false
    /// Whether a buffer is taken that is neither kept nor given back.
    private var holdsBuffer = false

    package init(shard: ShardIdentity) { self.shard = shard }

    package var hasEnded: Bool { phase == .ended }

    package mutating func step(_ event: SessionEvent) -> [SessionAction] {
        switch (event, phase) {
        case (_, .ended): return []
        case (.received(let message, let count), .greeting): return greet(message, count)
        case (.received(let message, let count), .idle): return receive(message, count)
        case (.judged(let verdict, let isLeased, let posts), .announced(let upload, let count)):
            return judge(verdict, upload, count, isLeased: isLeased, posts)
        case (.memory(let isThere), .awaitingMemory(let upload, let count, let generation)):
            return fill(upload, count, generation, isThere: isThere)
        case (.payload(let isFinite), .receiving(let upload, let generation)):
            return deliver(upload, generation, isFinite: isFinite)
        case (.settled(let verdict), .delivered): return settle(verdict)
        case (.answered(let answer, let reply), .asking): return self.answer(answer, reply)
        case (.flushed(let answer, let reply), .confirming(let flush)): return confirm(flush, answer, reply)
        default: return end("it sent what is not due")
        }
    }

    private mutating func end(_ reason: String) -> [SessionAction] {
        phase = .ended
        defer { holdsBuffer = false }
        return (holdsBuffer ? [.free] : []) + [.end(reason: reason)]
    }

    private mutating func refuse(_ reason: String) -> [SessionAction] {
        phase = .ended
        return [.refuse(reason: reason)]
    }

    // MARK: - Messages

    private mutating func greet(_ message: Message, _ payloadCount: Int) -> [SessionAction] {
        guard case .hello(let hello) = message, payloadCount == 0 else { return end("its first message is not hello") }
        guard hello.role == .trainer, hello.protocolVersion == ProtocolVersion.current else {
            return refuse("shard \(shard) serves trainers of protocol version \(ProtocolVersion.current)")
        }
        phase = .idle
        return [.welcome(hello)]
    }

    private mutating func receive(_ message: Message, _ payloadCount: Int) -> [SessionAction] {
        switch message {
        case .push(let push): return announce(.push(push), payloadCount)
        case .post(let post, let grant): return announce(.post(post, grant), payloadCount)
        default: break
        }
        guard payloadCount == 0 else { return end("it sent a payload where none belongs") }
        switch message {
        case .gather(let request, let stage, let step, let block):
            phase = .asking
            return [.gather(request, stage: stage, step: step, block: block)]
        case .collect(let request, let stage, let step):
            phase = .asking
            return [.collect(request, stage: stage, step: step)]
        case .flush(let request, let flush):
            phase = .confirming(flush)
            return [.confirm(request, flush)]
        case .linkRequest(let origin): return [.sendLinkState(origin)]
        case .heartbeat: return []
        default: return end("it sent a message that is not for servers")
        }
    }

    private mutating func answer(_ answer: ShardLockedAction, _ reply: Reply) -> [SessionAction] {
        phase = .idle
        switch answer {
        case .serve(_, let slice): return [.sendSlice(reply, slice)]
        case .servePosts(_, let stage, let step, let units): return [.sendPosts(reply, stage, step, units)]
        case .decline(_, let reason): return [.send(.unavailable(reply, reason))]
        default: preconditionFailure("\(answer) is no answer")
        }
    }

    /// Says whether all of some units is here, with the receipt that the coordinator believes.
    private mutating func confirm(_ flush: Flush, _ answer: FlushAnswer, _ reply: Reply) -> [SessionAction] {
        phase = .idle
        defer { (loss, isNonFinite) = (nil, false) }
        if let loss { return [.send(.unavailable(reply, loss))] }
        if isNonFinite { return [.send(.flushed(reply, isFinite: false))] }
        let units = "2^\(flush.level) units from \(flush.unit.value) on of step \(flush.step.value)"
        switch answer {
        case .confirmed(let receipt): return [.send(.flushed(reply, receipt: receipt))]
        case .settled: return [.send(.flushed(reply))]
        case .incomplete: return [.send(.unavailable(reply, "shard \(shard) has not all of \(units)"))]
        case .notLeased: return refuse("it flushes \(units), which it was not leased")
        }
    }

    // MARK: - Payloads

    private mutating func announce(_ upload: Upload, _ payloadCount: Int) -> [SessionAction] {
        phase = .announced(upload, payloadCount: payloadCount)
        return [.announce(upload)]
    }

    /// Before it makes room for anything: whether it is needed, whether it was leased, whether it can be so large.
    private mutating func judge(
        _ verdict: ShardLockedAction, _ upload: Upload, _ payloadCount: Int, isLeased: Bool, _ posts: PostShape
    ) -> [SessionAction] {
        phase = .idle
        guard case .receive(let generation) = verdict else { return [.discardPayload] + drop([verdict]) }
        switch upload {
        case .push(let push):
            let units = "2^\(push.level) units from \(push.unit.value) on of step \(push.step.value)"
            guard isLeased else { return refuse("it pushes \(units), which it was not leased") }
            phase = .awaitingMemory(upload, payloadCount: payloadCount, generation)
            return [.takeMemory(push, payloadCount: payloadCount)]
        case .post(let post, _):
            let unit = "unit \(post.unit.value) of step \(post.step.value)"
            guard isLeased else { return refuse("it posts \(unit), which it was not leased") }
            guard posts.allows(post.unit, byteCount: payloadCount) else {
                return refuse("it posts \(payloadCount) bytes of \(unit), which no unit of this stage has")
            }
            phase = .receiving(upload, generation)
            return [.receive(upload, payloadCount: payloadCount)]
        }
    }

    private mutating func fill(
        _ upload: Upload, _ payloadCount: Int, _ generation: ShardGeneration, isThere: Bool
    ) -> [SessionAction] {
        guard isThere else {
            phase = .idle
            loss = "shard \(shard) has no memory for more gradients now"
            return [.discardPayload]
        }
        holdsBuffer = true
        phase = .receiving(upload, generation)
        return [.receive(upload, payloadCount: payloadCount)]
    }

    private mutating func deliver(
        _ upload: Upload, _ generation: ShardGeneration, isFinite: Bool
    ) -> [SessionAction] {
        if case .push(let push) = upload, !isFinite, !push.grant.mayBeNonFinite {
            isNonFinite = true
            phase = .idle
            return free()
        }
        phase = .delivered(upload)
        return [.deliver(upload, generation)]
    }

    private mutating func settle(_ verdict: [ShardLockedAction]) -> [SessionAction] {
        phase = .idle
        let isKept = verdict.contains { action in
            switch action {
            case .keepGradient, .keepPost: true
            default: false
            }
        }
        if isKept { holdsBuffer = false }
        return free() + drop(verdict)
    }

    private mutating func free() -> [SessionAction] {
        defer { holdsBuffer = false }
        return holdsBuffer ? [.free] : []
    }

    private mutating func drop(_ verdict: [ShardLockedAction]) -> [SessionAction] {
        var actions: [SessionAction] = []
        for action in verdict {
            switch action {
            case .discard: actions.append(.countDuplicate)
            case .lose(let reason): loss = reason
            case .breakOff(let reason): actions += end(reason)
            default: break
            }
        }
        return actions
    }

    /// What must be true after every event, and is not.
    package func violations() -> [String] {
        switch phase {
        case .receiving(.push, _), .delivered(.push): holdsBuffer ? [] : ["a gradient is received into no buffer"]
        default: holdsBuffer ? ["a buffer is held for nothing"] : []
        }
    }
}
