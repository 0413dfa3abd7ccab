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

    private var phase = Phase.greeting
    /// Why a payload since the last flush was dropped although it may be needed.
    private var loss: ShardLack?
    /// Whether a gradient since the last flush was not taken as it is not finite.
    private var isNonFinite = false
    /// Whether a buffer is taken that is neither kept nor given back.
    private var holdsBuffer = false

    package init() {}

    package var hasEnded: Bool { phase == .ended }

    /// Where a session may be, for whoever counts which of them were seen.
    package enum Standing: Int, CaseIterable, Sendable {
        case greeting, idle, announced, awaitingMemory, receiving, delivered, asking, confirming, ended
    }

    package var standing: Standing {
        switch phase {
        case .greeting: .greeting
        case .idle: .idle
        case .announced: .announced
        case .awaitingMemory: .awaitingMemory
        case .receiving: .receiving
        case .delivered: .delivered
        case .asking: .asking
        case .confirming: .confirming
        case .ended: .ended
        }
    }

    package mutating func step(_ event: SessionEvent) -> [SessionAction] {
        switch (event, phase) {
        case (_, .ended): return []
        case (.received(let message, let count), .greeting): return greet(message, count)
        case (.received(let message, let count), .idle): return receive(message, count)
        case (.judged(let verdict, let isLeased, let sharedRows), .announced(let upload, let count)):
            return judge(verdict, upload, count, isLeased: isLeased, sharedRows)
        case (.memory(let isThere), .awaitingMemory(let upload, let count, let generation)):
            return fill(upload, count, generation, isThere: isThere)
        case (.payload(let isFinite), .receiving(let upload, let generation)):
            return deliver(upload, generation, isFinite: isFinite)
        case (.settled(let verdict), .delivered): return settle(verdict)
        case (.answered(let answer, let reply), .asking): return self.answer(answer, reply)
        case (.flushed(let answer, let reply), .confirming(let flush)): return confirm(flush, answer, reply)
        default: return end(.notDue)
        }
    }

    private mutating func end(_ breach: ShardBreach) -> [SessionAction] {
        phase = .ended
        defer { holdsBuffer = false }
        return (holdsBuffer ? [.free] : []) + [.end(breach)]
    }

    private mutating func refuse(_ breach: ShardBreach) -> [SessionAction] {
        phase = .ended
        return [.refuse(breach)]
    }

    // MARK: - Messages

    private mutating func greet(_ message: Message, _ payloadCount: Int) -> [SessionAction] {
        guard case .hello(let hello) = message, payloadCount == 0 else { return end(.noHello) }
        guard hello.role == .trainer, hello.protocolVersion == ProtocolVersion.current else {
            return refuse(.otherVersion)
        }
        phase = .idle
        return [.welcome(hello)]
    }

    private mutating func receive(_ message: Message, _ payloadCount: Int) -> [SessionAction] {
        switch message {
        case .push(let push): return announce(.push(push), payloadCount)
        case .shareRows(let unitRows, let grant): return announce(.shareRows(unitRows, grant), payloadCount)
        default: break
        }
        guard payloadCount == 0 else { return end(.noPayloadDue) }
        switch message {
        case .gather(let request, let stage, let step, let block):
            phase = .asking
            return [.gather(request, stage: stage, step: step, block: block)]
        case .gatherRows(let request, let stage, let step):
            phase = .asking
            return [.gatherRows(request, stage: stage, step: step)]
        case .flush(let request, let flush):
            phase = .confirming(flush)
            return [.confirm(request, flush)]
        case .linkRequest(let origin): return [.sendLinkState(origin)]
        case .heartbeat: return []
        default: return end(.notForServers)
        }
    }

    private mutating func answer(_ answer: ShardLockedAction, _ reply: Reply) -> [SessionAction] {
        phase = .idle
        switch answer {
        case .serve(_, let slice): return [.sendSlice(reply, slice)]
        case .serveRows(_, let stage, let step, let units): return [.sendRows(reply, stage, step, units)]
        case .decline(_, let lack): return [.decline(reply, lack)]
        default: preconditionFailure("\(answer) is no answer")
        }
    }

    /// Says whether all of some units is here, with the receipt that the coordinator believes.
    private mutating func confirm(_ flush: Flush, _ answer: FlushAnswer, _ reply: Reply) -> [SessionAction] {
        phase = .idle
        defer { (loss, isNonFinite) = (nil, false) }
        if let loss { return [.decline(reply, loss)] }
        if isNonFinite { return [.send(.flushed(reply, isFinite: false))] }
        switch answer {
        case .confirmed(let receipt): return [.send(.flushed(reply, receipt: receipt))]
        case .settled: return [.send(.flushed(reply))]
        case .incomplete: return [.decline(reply, .noUnits(flush))]
        case .notLeased: return refuse(.flushNotLeased(flush))
        }
    }

    // MARK: - Payloads

    private mutating func announce(_ upload: Upload, _ payloadCount: Int) -> [SessionAction] {
        phase = .announced(upload, payloadCount: payloadCount)
        return [.announce(upload)]
    }

    /// Before it makes room for anything: whether it is needed, whether it was leased, whether it can be so large.
    private mutating func judge(
        _ verdict: ShardLockedAction, _ upload: Upload, _ payloadCount: Int, isLeased: Bool,
        _ sharedRows: SharedRowsShape
    ) -> [SessionAction] {
        phase = .idle
        guard case .receive(let generation) = verdict else { return [.discardPayload] + drop([verdict]) }
        switch upload {
        case .push(let push):
            guard isLeased else { return refuse(.pushNotLeased(push)) }
            phase = .awaitingMemory(upload, payloadCount: payloadCount, generation)
            return [.takeMemory(push, payloadCount: payloadCount)]
        case .shareRows(let unitRows, _):
            guard isLeased else { return refuse(.rowsNotLeased(unitRows)) }
            guard sharedRows.allows(unitRows.unit, byteCount: payloadCount) else {
                return refuse(.noSuchRows(unitRows, byteCount: payloadCount))
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
            loss = .noMemory
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
            case .keepGradient, .keepRows: true
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
            case .lose(let lack): loss = lack
            case .breakOff(let breach): actions += end(breach)
            default: break
            }
        }
        return actions
    }

    /// What must be true after every event, and is not.
    package func violations() -> [String] {
        var found: [String] = []
        switch phase {
        case .receiving(.push, _), .delivered(.push):
            if !holdsBuffer { found.append("a gradient is received into no buffer") }
        default: if holdsBuffer { found.append("a buffer is held for nothing") }
        }
        return found
    }
}
